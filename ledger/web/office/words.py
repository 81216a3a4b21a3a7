"""What the office calls things: kinds of acts, states, roles, kinds of files. Told in the visitor's language when a page is made."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from flask_babel import lazy_gettext as _

Words = Mapping[str, Any]

PLACES: Final[Words] = {
    "do": _("办事"),
    "today_page": _("今天"),
    "cycles": _("季度"),
    "imports": _("导入"),
    "objections": _("异议"),
    "organiser.waiting": _("审批"),
    "look": _("查"),
    "find_people": _("人"),
    "areas": _("网格"),
    "stations": _("驿站"),
    "goods": _("物资"),
    "rules": _("规则"),
    "keep": _("管"),
    "users": _("账号"),
    "journal": _("操作流水"),
    "audit": _("核查"),
}
"""Lines and headings of the side list."""

ROLES: Final[Words] = {
    "volunteer": _("志愿者"),
    "keeper": _("站长"),
    "organiser": _("组织者"),
    "officer": _("经办"),
    "auditor": _("审计"),
    "admin": _("管理员"),
}

KINDS_OF_FILE: Final[Words] = {
    "areas": _("网格架构"),
    "people": _("志愿者花名册"),
    "stations": _("红色驿站"),
    "goods": _("兑换物资"),
    "activities": _("活动"),
    "attendance": _("签到表"),
    "opening": _("期初积分"),
}
"""In the order in which a district brings them: each builds on those before it."""

CONTROLS: Final[Words] = {
    "people": _("人数"),
    "points": _("积分合计"),
    "attendances": _("签到人次"),
    "stock": _("物资件数"),
    "cost_fen": _("物资成本（元）"),
}

STATES: Final[Words] = {
    "draft": _("草稿"),
    "earning": _("积分中"),
    "frozen": _("已截止"),
    "noticed": _("公示中"),
    "redeeming": _("兑换中"),
    "reconciling": _("对账中"),
    "sealed": _("已封存"),
}

STEPS: Final[Words] = {
    "earning": _("积分"),
    "frozen": _("截止"),
    "noticed": _("公示"),
    "redeeming": _("兑换"),
    "reconciling": _("对账"),
    "sealed": _("封存"),
}

TOTALS: Final[Words] = {
    "earned": (_("已得"), _("本季记入的积分，含期初")),
    "pending": (_("待公示"), _("公示结束后才可用")),
    "spendable": (_("可用"), _("本季得的，现在可以兑换")),
    "held": (_("预留"), _("已预留、还没领的")),
    "redeemed": (_("已兑换"), _("本季兑换日发出去的")),
    "lapsed": (_("已清零"), _("到期没用完的")),
}

AREA_KINDS: Final[Words] = {
    "town": _("镇街"),
    "community": _("社区"),
    "grid": _("网格"),
    "micro_grid": _("微网格"),
    "building": _("楼"),
    "unit": _("单元"),
    "door": _("户"),
}

LINKS: Final[Words] = {
    "area": _("居住网格"),
    "team": _("志愿队伍"),
    "work_unit": _("工作单位"),
    "household": _("家庭"),
    "mark": _("身份"),
}

MARKS: Final[Words] = {
    "building_head": _("双楼长"),
    "grid_head": _("网格长"),
    "grid_worker": _("网格员"),
    "station_head": _("站长"),
    "reviewer": _("评议员"),
}

OBJECTIONS: Final[Words] = {"open": _("等答复"), "upheld": _("成立"), "refused": _("不成立")}
OUTCOMES: Final[Words] = {"confirm": _("不成立：这一行照记"), "uphold": _("成立：这一行不计")}

CARDS: Final[Words] = {"active": _("在用"), "revoked": _("已作废"), "blank": _("空白卡")}

BASES: Final[Words] = {"event": _("按次"), "minute": _("按时长，每小时")}
ROUNDINGS: Final[Words] = {"down": _("舍去"), "up": _("进一"), "half_up": _("四舍五入")}
CAPS: Final[Words] = {"event": _("单次"), "day": _("每日"), "quarter": _("每季"), "year": _("每年"), "life": _("终身")}

ACTS: Final[Words] = {
    "genesis": _("开账"),
    "batch_imported": _("导入一批"),
    "batch_undone": _("整批撤回"),
    "area_opened": _("建立网格"),
    "team_formed": _("建立队伍"),
    "person_enrolled": _("登记志愿者"),
    "station_opened": _("建立驿站"),
    "good_priced": _("定价格"),
    "stock_received": _("入库"),
    "points_opened": _("期初积分转入"),
    "rule_published": _("发布规则"),
    "activity_opened": _("发布活动"),
    "checked_in": _("签到"),
    "service_earned": _("服务得分"),
    "service_served": _("服务时长"),
    "points_settled": _("待公示转为可用"),
    "points_voided": _("异议成立，不计"),
    "hold_placed": _("预留"),
    "handed_over": _("发放"),
    "hold_voided": _("取消预留"),
    "hold_expired": _("预留到期"),
    "hand_over_reversed": _("撤回发放"),
    "points_lapsed": _("到期清零"),
    "reversed": _("更正：冲回一笔"),
    "debt_booked": _("转为欠分"),
    "cycle_opened": _("开季"),
    "cycle_stepped": _("季度走一步"),
    "notice_published": _("发布公示"),
    "objection_filed": _("提出异议"),
    "objection_decided": _("答复异议"),
    "session_opened": _("开场次"),
    "desk_opened": _("开台"),
    "desk_closed": _("收台"),
    "login_added": _("加账号"),
    "login_disabled": _("停用账号"),
    "password_set": _("改密码"),
    "grant_given": _("给岗位"),
    "grant_ended": _("收回岗位"),
    "signed_in": _("登录"),
    "signed_out": _("退出"),
    "sign_in_refused": _("登录被拒"),
    "binding_offered": _("发绑定码"),
    "phone_bound": _("手机绑定"),
    "card_issued": _("发卡"),
    "card_bound": _("绑卡"),
    "card_revoked": _("作废卡"),
    "pin_set": _("设卡密"),
    "pin_refused": _("卡密不对"),
    "phone_revealed": _("查看手机号"),
    "exported": _("导出账本"),
    "backup_made": _("备份"),
    "restored": _("恢复"),
}

GROUPS: Final[Mapping[str, tuple[Any, tuple[str, ...]]]] = {
    "": (_("全部"), ()),
    "door": (_("登录退出"), ("signed_in", "signed_out", "sign_in_refused", "phone_bound", "binding_offered", "pin_set", "pin_refused")),
    "access": (_("账号岗位"), ("login_added", "login_disabled", "password_set", "grant_given", "grant_ended")),
    "out": (_("导出和查看手机号"), ("exported", "phone_revealed", "backup_made", "restored")),
    "imports": (_("导入撤回"), ("batch_imported", "batch_undone")),
    "cycles": (_("季度"), ("cycle_opened", "cycle_stepped", "notice_published", "objection_filed", "objection_decided")),
    "rules": (_("规则价格"), ("rule_published", "good_priced")),
    "desk": (_("发放"), ("handed_over", "hand_over_reversed", "hold_placed", "hold_voided", "hold_expired", "desk_opened", "desk_closed")),
    "service": (_("服务"), ("activity_opened", "checked_in", "service_earned", "service_served", "points_voided")),
    "corrections": (_("更正"), ("reversed", "debt_booked", "points_lapsed")),
}
"""Filters of the operator journal: a name and the kinds it shows."""

FACTS: Final[Words] = {
    "amount": _("数"), "answer_by": _("答复期限"), "as_of": _("截至"), "book": _("账本"), "came_at": _("到"), "capacity": _("名额"),
    "capped_by": _("受限于"), "carry_over": _("结转"), "category": _("类别"), "closes_at": _("收"), "code": _("编号"),
    "cost_fen": _("成本（分）"), "count": _("笔数"), "counts": _("合计"), "currency": _("货币"), "cutoff_at": _("截止"),
    "decimals": _("小数位"), "ends_at": _("结束"), "ends_on": _("季末"), "expires_at": _("到期"), "file_digest": _("文件指纹"),
    "format": _("格式"), "from": _("原来"), "from_at": _("从"), "how": _("怎么领"), "items": _("物品"), "kind": _("方式"),
    "left_at": _("离开"), "limit_per_cycle": _("每人每季"), "line": _("行号"), "lines": _("行数"), "lot": _("批次"), "minutes": _("分钟"),
    "name": _("名称"), "notice_days": _("公示天数"), "notice_ends_at": _("公示到"), "notice_from": _("公示从"), "noticed_at": _("已公示"),
    "opens_at": _("开"), "outcome": _("结果"), "parent": _("上级"), "path": _("全名"), "phones": _("几个号"), "points": _("积分"),
    "postings": _("分录"), "entries": _("凭证"), "price_points": _("积分价"), "quantity": _("件数"), "raw": _("未限前"),
    "receipt": _("凭证号"), "redeem_until": _("兑换到"), "reversed": _("冲回"), "role": _("岗位"), "scope": _("范围"),
    "sessions": _("几个登录"), "settle_until": _("对账到"), "sha256": _("指纹"), "source": _("来源"), "starts_at": _("开始"),
    "starts_on": _("季初"), "state": _("状态"), "to": _("现在"), "unit": _("单位"), "unit_cost_fen": _("单价（分）"), "until_at": _("到"),
    "zone": _("时区"), "hash": _("算法"), "flags": _("标记"), "attendance": _("签到号"), "grant": _("岗位号"), "card": _("卡号"),
    "area": _("网格"), "pool": _("发分社区"), "team": _("队伍"), "work_unit": _("工作单位"), "marks": _("身份"), "basis": _("计法"),
    "caps": _("上限"), "per_mille": _("系数（千分）"), "rounding": _("取整"), "min_evidence": _("凭据等级"),
}  # fmt: skip
"""What the facts of an act are called."""

LONG_FACTS: Final = frozenset({"grant", "attendance", "file_digest", "sha256", "lot", "receipt"})
"""Ids and digests: on an act's own page, not in lists."""

FAMILIES: Final[Words] = {
    "wallet": _("可用积分"),
    "pending": _("待公示积分"),
    "held": _("预留中"),
    "debt": _("欠分"),
    "honour": _("荣誉时长"),
    "shelf": _("货架"),
    "worth": _("货架成本"),
    "fund": _("资金"),
    "issued": _("发出的积分和时长"),
    "redeemed": _("已兑换积分"),
    "handed": _("已发物资"),
    "spent": _("已用成本"),
    "lapsed": _("已清零积分"),
    "donated": _("捐出积分"),
    "supplied": _("购入和捐入"),
    "variance": _("盘点差"),
    "opening": _("期初"),
    "payable": _("应付"),
    "clearing": _("清算"),
}

COMMODITIES: Final[Words] = {"PTS": _("积分"), "HON": _("分钟"), "CNY": _("元")}

SESSION_KINDS: Final[Words] = {"web": _("网页"), "api": _("接口")}
