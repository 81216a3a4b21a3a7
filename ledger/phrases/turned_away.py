"""Sentences for what makes no sense, for who is not known, for what is not theirs to do, and for what is not there."""

from __future__ import annotations

from typing import Final

from ledger.phrases.refusal import Refusal

TURNED_AWAY: Final[dict[str, Refusal]] = {
    # -- what was asked makes no sense
    "invalid_input": Refusal(
        ("要改一处", "One thing to correct"),
        (
            ("“{field}”{reason}。什么都没有写入，改好再交一次。", "“{field}” {reason}. Nothing was written; correct it and send it again."),
            (
                "有一处填得不对。什么都没有写入，改好再交一次。",
                "Something is not filled in correctly. Nothing was written; correct it and send it again.",
            ),
        ),
    ),
    "request_key_missing": Refusal(
        ("缺请求编号", "Request key missing"),
        (
            (
                "这次提交没有带请求编号，什么都没有写入。请回到原来的页面再交一次。",
                "This request carried no Idempotency-Key, so nothing was written. Send it again with one.",
            ),
        ),
    ),
    "request_key_reused": Refusal(
        ("编号已用过", "Request key already used"),
        (
            (
                "这个请求编号已经用在另一次提交上，这一次没有写入。请重新打开页面再交。",
                "This request key belongs to another request; this one was not written. Use a new key.",
            ),
        ),
    ),
    "pass_invalid": Refusal(
        ("这张码认不出", "Code not recognised"),
        (
            (
                "认不出这张码。积分没动。请再扫一次，或念下面8位。",
                "This code cannot be read. No points moved. Scan it again, or read out the eight letters.",
            ),
        ),
        (
            (
                "认不出这张码。积分没动。再扫一次，或念8位码。",
                "This code cannot be read. No points moved. Scan again, or type the eight letters.",
            ),
        ),
    ),
    "pass_expired": Refusal(
        ("码已换新", "Code replaced"),
        (("这张码已换新，请再亮一次。积分没动。", "This code has been replaced. Please show it again. No points moved."),),
    ),
    "evidence_too_low": Refusal(
        ("还需要别的凭据", "More evidence needed"),
        (
            (
                "这样签到还不算数，积分没动。请到签到台扫现场的码。",
                "This check-in does not count yet; no points moved. Please scan the code at the check-in table.",
            ),
        ),
        (
            (
                "凭据是{level}级，这条规则要{needed_level}级。积分没动，请负责人确认。",
                "Evidence level {level}; the rule asks for {needed_level}. No points moved; have the organiser confirm.",
            ),
        ),
    ),
    "pin_wrong": Refusal(
        ("卡密不对", "Wrong PIN"),
        (
            (
                "卡密不对，积分没动。还可以试{tries_left}次，请再按一次。",
                "Wrong PIN; no points moved. {tries_left} tries left, please enter it again.",
            ),
            (
                "卡密不对，积分没动。请用手机上的码，或请一位证人。",
                "Wrong PIN; no points moved. Use the code on a phone, or ask for a witness.",
            ),
        ),
    ),
    "unreadable_file": Refusal(
        ("文件读不了", "File cannot be read"),
        (("{reason}。什么都没有写入，换好文件再导一次。", "{reason}. Nothing was written; bring another file and import again."),),
    ),
    "config_disagrees": Refusal(
        ("设置与账本不一致", "Settings disagree with the book"),
        (
            (
                "config.toml里的“{field}”是“{config}”，账本开账时定的是“{book}”。开账的约定不能改，请改回设置。",
                "config.toml says “{config}” for “{field}”, the book was opened with "
                "“{book}”. What opened the book stays; change the settings back.",
            ),
        ),
    ),
    "rows_rejected": Refusal(
        ("有退回的行", "Rows were rejected"),
        (
            (
                "有{rejected}行要退回，按严格方式整份没有写入。改好这些行再导一次。",
                "{rejected} rows would be rejected, so under strict import nothing was written. Correct them and import again.",
            ),
        ),
    ),
    # -- who are you
    "unauthenticated": Refusal(
        ("请先登录", "Please sign in"),
        (
            (
                "还没有登录，或登录名和密码对不上。什么都没有动，请登录后再来。",
                "You are not signed in, or name and password do not match. Nothing moved; please sign in and come back.",
            ),
        ),
        (
            (
                "还没有登录，或登录名和密码对不上。什么都没有动，登录后再来。",
                "Not signed in, or name and password do not match. Nothing moved; sign in and come back.",
            ),
        ),
    ),
    "otp_required": Refusal(
        ("还要动态码", "One-time code needed"),
        (
            (
                "这个账号还要验证器里的6位数字。什么都没有动，请填上再登录。",
                "This account also needs the six digits of its authenticator. Nothing moved; enter them and sign in.",
            ),
        ),
    ),
    # -- not you
    "forbidden": Refusal(
        ("这一步要别人来办", "Somebody else does this"),
        (
            (
                "这一步不归您办，什么都没有动。请找站点或社区的工作人员。",
                "This is not yours to do; nothing moved. Please ask the staff of the station or community.",
            ),
        ),
        (
            (
                "这一步不归这个岗位，什么都没有动。请有这个岗位的人来办。",
                "This is not this role's to do; nothing moved. Ask somebody who holds the role.",
            ),
        ),
    ),
    "self_approval": Refusal(
        ("自己的要别人批", "Somebody else approves your own"),
        (
            ("自己的记录要别人批，已转给{approver}。", "Someone else must approve your own record. Sent to {approver}."),
            (
                "自己的记录要别人批。什么都没有动，请另一位同事来批。",
                "Someone else must approve your own record. Nothing moved; ask a colleague.",
            ),
        ),
    ),
    "wrong_station": Refusal(
        ("不在这个站", "Another station"),
        (
            (
                "这份预留在{station}。要在这里领，请本人先取消。",
                "This is reserved at {station}. To collect here, its owner cancels it first.",
            ),
            (
                "这里不是这份预留的站点。积分没动，请到预留的站点领。",
                "It is reserved at another station. No points moved; collect it there.",
            ),
        ),
    ),
    "pass_revoked": Refusal(
        ("这张卡已停用", "Card no longer valid"),
        (
            (
                "这张卡已停用，积分没动。请用手机上的码，或到站点换一张卡。",
                "This card is no longer valid; no points moved. Use the code on a phone, or get a new card at a station.",
            ),
        ),
        (
            (
                "这张卡已停用。积分没动，请对方亮手机上的码，或补一张卡。",
                "This card is no longer valid. No points moved; ask for the code on a phone, or issue a new card.",
            ),
        ),
    ),
    "device_revoked": Refusal(
        ("这台设备已停用", "Device no longer valid"),
        (
            (
                "这台设备已停用，什么都没有动。请换一台，或请管理员重新登记。",
                "This device is no longer enrolled; nothing moved. Use another, or have an administrator enrol it again.",
            ),
        ),
    ),
    "pin_locked": Refusal(
        ("卡密先锁住了", "PIN locked"),
        (
            (
                "卡密试错太多次，锁{minutes}分钟，积分没动。现在要领，请一位证人到场。",
                "Too many wrong PINs: locked for {minutes} minutes, no points moved. To collect now, ask for a witness.",
            ),
            (
                "卡密试错太多次，先锁住了，积分没动。现在要领，请一位证人到场。",
                "Too many wrong PINs: locked for now, no points moved. To collect now, ask for a witness.",
            ),
        ),
    ),
    "witness_required": Refusal(
        ("要一位证人", "A witness is needed"),
        (
            (
                "只有卡还不够，积分没动。请本人按卡密，或请一位证人带卡到场。",
                "The card alone is not enough; no points moved. Enter the PIN, or bring a witness with their own card.",
            ),
        ),
    ),
    "agent_not_named": Refusal(
        ("没有登记这位代领人", "Not a named agent"),
        (
            (
                "本人没有登记这位代领人，积分没动。请本人来领，或先登记代领人。",
                "This person is not named as an agent; no points moved. Its owner collects, or names the agent first.",
            ),
        ),
    ),
    "second_person_required": Refusal(
        ("要第二个人确认", "A second person confirms"),
        (
            (
                "这一步要第二个人确认，什么都没有动。请另一位同事一起办。",
                "A second person has to confirm this; nothing moved. Ask a colleague to join.",
            ),
        ),
    ),
    # -- nothing there
    "not_found": Refusal(
        ("没有找到", "Not found"),
        (
            (
                "没有找到这{what}。什么都没有动，请核对号码再试。",
                "No such {what} was found. Nothing moved; check the number and try again.",
            ),
            (
                "没有找到要看的内容。什么都没有动，请从首页再进。",
                "Nothing was found here, and nothing moved. Please start again from the first page.",
            ),
        ),
    ),
}
