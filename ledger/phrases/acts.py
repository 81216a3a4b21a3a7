"""What kinds of acts, families of accounts, commodities and levels of evidence are called."""

from __future__ import annotations

from typing import Final

Words = tuple[str, str]

KINDS: Final[dict[str, Words]] = {
    "genesis": ("开账", "book founded"),
    "batch_imported": ("导入一批", "batch imported"),
    "batch_undone": ("整批撤回", "batch undone"),
    "area_opened": ("建立网格", "area opened"),
    "team_formed": ("建立队伍", "team formed"),
    "person_enrolled": ("登记志愿者", "person enrolled"),
    "station_opened": ("建立驿站", "station opened"),
    "good_priced": ("定价格", "good priced"),
    "stock_received": ("入库", "stock received"),
    "stock_varied": ("盘点差", "count differed"),
    "points_opened": ("期初积分转入", "opening points"),
    "rule_published": ("公布规则", "rule published"),
    "activity_opened": ("发布活动", "activity opened"),
    "checked_in": ("签到", "checked in"),
    "service_earned": ("服务得分", "service earned"),
    "service_served": ("服务时长", "service served"),
    "points_settled": ("公示后转可用", "points settled"),
    "points_voided": ("异议成立，不计", "points voided"),
    "points_lapsed": ("到期清零", "points lapsed"),
    "hold_placed": ("预留", "hold placed"),
    "hold_voided": ("取消预留", "hold voided"),
    "hold_expired": ("预留过期", "hold expired"),
    "handed_over": ("兑换", "handed over"),
    "hand_over_reversed": ("兑换撤回", "hand-over reversed"),
    "reversed": ("更正：冲回一笔", "reversed"),
    "debt_booked": ("记欠分", "debt booked"),
    "debt_paid": ("抵欠分", "debt paid"),
    "cycle_opened": ("开季", "quarter opened"),
    "cycle_stepped": ("季度走一步", "quarter stepped"),
    "notice_published": ("公示", "notice published"),
    "objection_filed": ("提出异议", "objection filed"),
    "objection_decided": ("答复异议", "objection decided"),
    "session_opened": ("开场次", "session opened"),
    "desk_opened": ("开台", "desk opened"),
    "desk_closed": ("收台", "desk closed"),
    "login_added": ("加账号", "login added"),
    "login_disabled": ("停用账号", "login disabled"),
    "password_set": ("改密码", "password set"),
    "grant_given": ("给岗位", "role given"),
    "grant_ended": ("收回岗位", "role ended"),
    "signed_in": ("登录", "signed in"),
    "signed_out": ("退出", "signed out"),
    "sign_in_refused": ("登录被拒", "sign-in refused"),
    "binding_offered": ("发绑定码", "binding offered"),
    "phone_bound": ("手机绑定", "phone bound"),
    "phone_revealed": ("查看手机号", "phone revealed"),
    "card_issued": ("发卡", "card issued"),
    "card_bound": ("绑卡", "card bound"),
    "card_revoked": ("作废卡", "card revoked"),
    "pin_set": ("设卡密", "PIN set"),
    "pin_refused": ("卡密不对", "PIN refused"),
    "agent_named": ("指定代领人", "agent named"),
    "agent_ended": ("取消代领人", "agent ended"),
    "exported": ("导出账本", "exported"),
    "backup_made": ("备份", "backup made"),
    "restored": ("恢复", "restored"),
    "key_rotated": ("换密钥", "key rotated"),
}

FAMILIES: Final[dict[str, Words]] = {
    "wallet": ("可用积分", "spendable points"),
    "pending": ("待公示积分", "pending points"),
    "held": ("预留中", "held"),
    "debt": ("欠分", "debt"),
    "honour": ("荣誉时长", "honour"),
    "shelf": ("货架", "shelf"),
    "worth": ("货架成本", "worth"),
    "fund": ("资金", "fund"),
    "issued": ("发出的积分和时长", "issued"),
    "redeemed": ("已兑换积分", "redeemed"),
    "handed": ("已发物资", "handed over"),
    "spent": ("已用成本", "spent"),
    "lapsed": ("已清零积分", "lapsed"),
    "donated": ("捐出积分", "donated"),
    "supplied": ("购入和捐入", "supplied"),
    "variance": ("盘点差", "variance"),
    "opening": ("期初", "opening"),
    "payable": ("应付", "payable"),
    "clearing": ("清算", "clearing"),
}

EVIDENCE: Final[dict[int, Words]] = {
    0: ("L0 本人申报", "L0 self-claimed"),
    1: ("L1 海报扫码或照片", "L1 poster or photo"),
    2: ("L2 现场动态码、工作人员扫码或纸质签到表", "L2 rotating code, staff scan or paper sheet"),
    3: ("L3 扫码并有人见证", "L3 scan and co-sign"),
}

CAPS: Final[dict[str, Words]] = {
    "event": ("单次", "per event"),
    "day": ("每日", "per day"),
    "quarter": ("每季", "per quarter"),
    "year": ("每年", "per year"),
    "life": ("终身", "for life"),
}

ROUNDINGS: Final[dict[str, Words]] = {"down": ("舍去", "down"), "up": ("进一", "up"), "half_up": ("四舍五入", "half up")}


def kind_words(kind: str) -> str:
    """What a kind of act is called in Chinese; the kind itself when it has no name yet."""
    return KINDS.get(kind, (kind, kind))[0]


def kind_of(words: str) -> str:
    """The kind that goes by these words in either language, or the text itself."""
    return next((kind for kind, names in KINDS.items() if words in names), words)


def family_words(path: str) -> str:
    """What the family of an account path is called in Chinese."""
    family = path.partition("/")[0]
    return FAMILIES.get(family, (family, family))[0]


FACTS: Final[dict[str, Words]] = {
    "price_points": ("价格（分）", "price"),
    "limit_per_cycle": ("每人每季限兑", "limit per quarter"),
    "cost_fen": ("成本（分钱）", "cost in fen"),
    "unit_cost_fen": ("单件成本（分钱）", "unit cost in fen"),
    "category": ("类别", "category"),
    "unit": ("单位", "unit"),
    "name": ("名称", "name"),
    "code": ("编号", "code"),
    "kind": ("种类", "kind"),
    "area": ("网格", "area"),
    "parent": ("上级", "parent"),
    "path": ("全称", "path"),
    "pool": ("积分池", "pool"),
    "starts_at": ("开始", "starts"),
    "ends_at": ("结束", "ends"),
    "capacity": ("名额", "capacity"),
    "basis": ("计分方式", "basis"),
    "points": ("分", "points"),
    "per_mille": ("系数（千分）", "per mille"),
    "rounding": ("取整", "rounding"),
    "min_evidence": ("最低凭据等级", "least evidence"),
    "caps": ("上限", "caps"),
    "clause": ("条款", "clause"),
    "from": ("从", "from"),
    "to": ("到", "to"),
    "state": ("状态", "state"),
    "count": ("笔数", "count"),
    "counts": ("计数", "counts"),
    "read": ("读到", "read"),
    "accepted": ("收下", "accepted"),
    "rejected": ("退回", "rejected"),
    "unchanged": ("未变", "unchanged"),
    "people": ("人数", "people"),
    "attendances": ("签到人次", "attendances"),
    "stock": ("物资件数", "stock"),
    "reversed": ("冲回笔数", "reversed"),
    "as_of": ("截至", "as of"),
    "file_digest": ("文件指纹", "file digest"),
    "carry_over": ("结转办法", "carry-over"),
    "starts_on": ("首日", "first day"),
    "ends_on": ("末日", "last day"),
    "cutoff_at": ("截止", "cut-off"),
    "notice_from": ("公示始", "notice from"),
    "notice_days": ("公示天数", "notice days"),
    "notice_ends_at": ("公示止", "notice ends"),
    "noticed_at": ("公示于", "noticed"),
    "redeem_until": ("兑换止", "redeem until"),
    "settle_until": ("对账止", "settle until"),
    "lines": ("行数", "lines"),
    "line": ("公示行号", "line"),
    "outcome": ("结果", "outcome"),
    "role": ("岗位", "role"),
    "scope": ("范围", "scope"),
    "grant": ("授权号", "grant"),
    "from_at": ("起", "from"),
    "until_at": ("止", "until"),
    "deputy_for": ("代", "deputy for"),
    "card": ("卡号", "card"),
    "quantity": ("件数", "pieces"),
    "receipt": ("单号", "receipt"),
    "source": ("来源", "source"),
    "closes_at": ("关闭", "closes"),
    "opens_at": ("开放", "opens"),
    "format": ("格式", "format"),
    "entries": ("凭证数", "entries"),
    "postings": ("分录数", "postings"),
    "sha256": ("SHA-256", "SHA-256"),
    "attendance": ("签到号", "attendance"),
    "came_at": ("签到", "came"),
    "left_at": ("签退", "left"),
    "minutes": ("服务分钟", "minutes"),
    "raw": ("封顶前（分）", "before caps"),
    "capped_by": ("封顶依据", "capped by"),
    "lot": ("批次", "lot"),
    "expires_at": ("到期", "expires"),
    "flags": ("标记", "flags"),
    "items": ("物品", "items"),
    "how": ("方式", "how"),
    "reason": ("理由", "reason"),
}
"""What the facts of acts are called."""


def fact_words(name: str) -> str:
    """What a fact is called in Chinese; its own name when it has none yet."""
    return FACTS.get(name, (name, name))[0]


VALUES: Final[dict[str, Words]] = {
    "draft": ("草稿", "draft"),
    "earning": ("积分中", "earning"),
    "frozen": ("已截止", "frozen"),
    "noticed": ("公示中", "noticed"),
    "redeeming": ("兑换中", "redeeming"),
    "reconciling": ("对账中", "reconciling"),
    "sealed": ("已封存", "sealed"),
    "refused": ("不成立", "refused"),
    "upheld": ("成立", "upheld"),
    "event": ("按次", "per event"),
    "minute": ("按时长", "per hour"),
    "down": ("舍去", "down"),
    "up": ("进一", "up"),
    "half_up": ("四舍五入", "half up"),
    "volunteer": ("志愿者", "volunteer"),
    "keeper": ("站长", "keeper"),
    "organiser": ("组织者", "organiser"),
    "officer": ("经办", "officer"),
    "auditor": ("审计", "auditor"),
    "admin": ("管理员", "admin"),
    "areas": ("网格架构", "areas"),
    "people": ("花名册", "people"),
    "stations": ("驿站", "stations"),
    "goods": ("物资", "goods"),
    "activities": ("活动", "activities"),
    "attendance": ("签到表", "attendance"),
    "opening": ("期初", "opening"),
    "standing": ("常设", "standing"),
    "book": ("按账面", "by the book"),
    "town": ("镇街", "town"),
    "community": ("社区", "community"),
    "grid": ("网格", "grid"),
    "micro_grid": ("微网格", "micro-grid"),
    "never": ("长期有效", "never"),
    "year_end": ("年底清零", "year end"),
    "after_redeeming": ("兑换期后清零", "after redeeming"),
    "three_years": ("三年", "three years"),
    "one_year": ("一年", "one year"),
    "quarter": ("季末清零", "quarter"),
    "half_year": ("半年末清零", "half-year"),
    "web": ("网页", "web"),
    "api": ("接口", "API"),
}
"""What the values of facts are called where they are codes."""

CODED: Final = frozenset({"state", "from", "to", "outcome", "basis", "rounding", "role", "kind", "carry_over", "count", "source"})
"""Facts whose values are codes."""


def value_words(name: str, value: str) -> str:
    """What a fact's value is called in Chinese where it is a code; otherwise the value itself."""
    return VALUES.get(value, (value, value))[0] if name in CODED else value
