"""Sentences for what cannot be now: the state of things stands against it, it comes too often, or the ledger is out of reach."""

from __future__ import annotations

from typing import Final

from ledger.phrases.refusal import Refusal

NOT_NOW: Final[dict[str, Refusal]] = {
    # -- not now, not this
    "pass_used": Refusal(
        ("这张码用过了", "Code already used"),
        (
            (
                "这张码{used_at}已在{station}用过，经手{keeper}。先核对，别重复发。",
                "Used at {used_at} at {station} by {keeper}. Check first; do not hand over twice.",
            ),
            (
                "这张码{used_at}已在{station}用过。先核对，别重复发。",
                "Used at {used_at} at {station}. Check first; do not hand over twice.",
            ),
            (
                "这张码{used_at}已经用过，每张只能用一次。积分没有再动，请再亮一张新的。",
                "This code was used at {used_at}; each works once. No more points moved; show a new one.",
            ),
            (
                "这张码已经用过，每张只能用一次。积分没有再动，请再亮一张新的。",
                "This code was already used; each works once. No more points moved; show a new one.",
            ),
        ),
    ),
    "ambiguous": Refusal(
        ("不止一个人对得上", "More than one matches"),
        (
            (
                "有{matches}个人对得上，积分没动。请用卡号，或补上姓名再查。",
                "{matches} people match; no points moved. Use the card number, or add the name.",
            ),
            (
                "不止一个人对得上，积分没动。请用卡号，或补上姓名再查。",
                "More than one person matches; no points moved. Use the card number, or add the name.",
            ),
        ),
    ),
    "not_open": Refusal(
        ("还没到时间", "Not open"),
        (
            (
                "{starts_at}开始，{opens_at}起可签到。不用离开，到点再点一次。",
                "It starts at {starts_at}, check-in from {opens_at}. Stay here and tap again then.",
            ),
            ("{opens_at}起可以办。积分没动，到点再点一次。", "It opens at {opens_at}. No points moved; tap again then."),
            ("{ends_at}已经结束。积分没动，请找现场负责人补记。", "It ended at {ends_at}. No points moved; ask the organiser to add it."),
            ("现在不在办理时间里。积分没动，请看页面上的时间。", "It is not open now. No points moved; see the times on the page."),
        ),
    ),
    "already_checked_in": Refusal(
        ("已经签到了", "Already checked in"),
        (
            (
                "{came_at}已经签到，不用再签。走之前再扫一次同一张码。",
                "Already checked in at {came_at}. Scan the same code again before you leave.",
            ),
            ("已经签到，不用再签。走之前再扫一次同一张码。", "Already checked in. Scan the same code again before you leave."),
        ),
    ),
    "overlapping_service": Refusal(
        ("还在另一个活动里", "Still at another activity"),
        (
            ("您正在“{activity}”服务。换活动前，先在那边签退。", "You are checked in at {activity}. Check out there first."),
            ("您还在另一个活动里服务。换活动前，先在那边签退。", "You are checked in at another activity. Check out there first."),
        ),
        (
            ("这个人正在“{activity}”服务。换活动前，先在那边签退。", "This person is checked in at {activity}. Check out there first."),
            (
                "这个人还在另一个活动里服务。换活动前，先在那边签退。",
                "This person is checked in at another activity. Check out there first.",
            ),
        ),
    ),
    "capacity_full": Refusal(
        ("名额满了", "No places left"),
        (
            (
                "{capacity}个名额都满了，没有签到。请问现场负责人，或看看别的活动。",
                "All {capacity} places are taken; you are not checked in. Ask the organiser, or see other activities.",
            ),
            (
                "名额已满，没有签到。请问现场负责人，或看看别的活动。",
                "All places are taken; you are not checked in. Ask the organiser, or see other activities.",
            ),
        ),
    ),
    "cap_reached": Refusal(
        ("今天计满了", "Today's limit is reached"),
        (
            (
                "今天服务{minutes}分钟，按第{clause}条计{counted}分钟；荣誉时长仍记{minutes}分钟。",
                "{minutes} minutes served; clause {clause} counts {counted}. Your honour time keeps all {minutes}.",
            ),
            (
                "今天的时长已计满，这一次不再加积分；荣誉时长照记。",
                "Today's limit is reached: no more points this time; your honour time keeps it all.",
            ),
        ),
    ),
    "insufficient_points": Refusal(
        ("积分还差一点", "Not enough points"),
        (
            (
                "还差{short_points}分：可用{spendable_points}分，要{needed_points}分。可少拿一样，或选够分的。",
                "{short_points} points short: {spendable_points} available, "
                "{needed_points} needed. Take one less, or choose within your points.",
            ),
        ),
        (
            (
                "还差{short_points}分：可用{spendable_points}分，要{needed_points}分。可少拿一样，或选够分的。",
                "{short_points} points short: {spendable_points} available, "
                "{needed_points} needed. Take one less, or choose within the points.",
            ),
        ),
    ),
    "out_of_stock": Refusal(
        ("刚发完", "Out of stock"),
        (
            (
                "{name}只剩{on_shelf}件。积分没动，可少拿几件，或换别的物品。",
                "{name}: only {on_shelf} left. No points moved; take fewer, or choose something else.",
            ),
            ("{name}刚发完。积分没动，可换别的物品。", "{name} has just run out. No points moved; choose something else."),
            ("这样物品刚发完。积分没动，可换别的物品。", "It has just run out. No points moved; choose something else."),
        ),
    ),
    "limit_reached": Refusal(
        ("本季领满了", "Limit reached"),
        (
            (
                "{name}每人每季{limit}件，已领{taken}件。其他物品可以选。",
                "{name}: {limit} per person a quarter, {taken} taken. Other goods are open to you.",
            ),
            (
                "{name}每人每季{limit}件，这次超过了。积分没动，可少拿几件。",
                "{name}: {limit} per person a quarter, this is more. No points moved; take fewer.",
            ),
            (
                "这样物品本季已领满。积分没动，其他物品可以选。",
                "The limit of this quarter is reached. No points moved; other goods are open to you.",
            ),
        ),
    ),
    "not_in_cycle": Refusal(
        ("不在这一季", "Not in this quarter"),
        (
            (
                "这件事不在这一季里。积分没动，请换到它所在的季度。",
                "This does not belong to that quarter. No points moved; choose the quarter it belongs to.",
            ),
        ),
    ),
    "cycle_closed": Refusal(
        ("现在不能兑换", "Redemption is closed"),
        (
            ("现在不在兑换期，{opens_on}起可以兑换。积分没动。", "Redemption is closed; it opens on {opens_on}. No points moved."),
            (
                "现在不在兑换期。积分没动，开放日期见公示和站点通知。",
                "Redemption is closed now. No points moved; the dates are on the notice and at the stations.",
            ),
        ),
    ),
    "illegal_step": Refusal(
        ("不能这样跳步", "Steps go in order"),
        (
            (
                "这一季现在是“{state}”，不能直接到“{to}”。什么都没有动，请按顺序办。",
                "The quarter is “{state}” and cannot go straight to “{to}”. Nothing moved; take the steps in order.",
            ),
        ),
    ),
    "hold_expired": Refusal(
        ("预留已到期", "Reservation ran out"),
        (
            (
                "这份预留已到期，积分已退回可用。要领请重新选。",
                "This reservation has run out and its points are available again. Choose again to collect.",
            ),
        ),
    ),
    "hold_resolved": Refusal(
        ("这份预留已办完", "Reservation already settled"),
        (
            (
                "这份预留{at}在{station}{state}，积分没有再动。先核对，别重复发。",
                "This reservation was {state} at {at} at {station}; no more points moved. Check first; do not hand over twice.",
            ),
            (
                "这份预留{at}{state}，积分没有再动。要领请重新选。",
                "This reservation was {state} at {at}; no more points moved. Choose again to collect.",
            ),
            (
                "这份预留{state}，积分没有再动。要领请重新选。",
                "This reservation was {state}; no more points moved. Choose again to collect.",
            ),
        ),
    ),
    "already_reversed": Refusal(
        ("已经更正过", "Already corrected"),
        (
            (
                "这一笔已经更正过，没有再动。请看更正后的那一笔。",
                "This entry was corrected before; nothing more moved. See the entry that corrected it.",
            ),
        ),
        (
            (
                "这一笔已经冲正，没有再动。看冲正的那一笔。",
                "This entry was reversed before; nothing more moved. See the entry that reversed it.",
            ),
        ),
    ),
    "request_in_flight": Refusal(
        ("还在办上一次", "Still working on it"),
        (
            (
                "同一次提交还在办。先别发货，过几秒按“查结果”，不会扣两次。",
                "The same request is still running. Hold the goods, check in a few seconds; nothing is taken twice.",
            ),
        ),
    ),
    "objection_closed": Refusal(
        ("异议期已过", "Objections are closed"),
        (
            (
                "这一季的异议期已经结束，没有收下。请到社区窗口，或打公示上的电话。",
                "The time for objections is over; it was not taken. Please go to the community's window, or call the number on the notice.",
            ),
        ),
    ),
    "batch_already_undone": Refusal(
        ("这一批已撤回", "Batch already undone"),
        (
            (
                "这一批已经撤回过，没有再动。改好的文件可以重新导入。",
                "This batch was undone before; nothing more moved. The corrected file can be imported again.",
            ),
        ),
    ),
    "batch_in_use": Refusal(
        ("这一批后面还有账", "Batch in use"),
        (
            (
                "这一批后面已有{count}笔账，没有撤回。先处理那些，或改用更正。",
                "{count} entries stand on this batch, so it was not undone. Deal with those first, or correct instead.",
            ),
        ),
    ),
    "desk_not_open": Refusal(
        ("还没开台", "Desk not open"),
        (("发放台还没有开，积分没动。请先盘点开台。", "The desk is not open; no points moved. Count and open it first."),),
    ),
    "not_owned_offline": Refusal(
        ("离线时不能发这份", "Not to be had offline"),
        (
            (
                "这份积分没有交给这台设备离线保管，没有动。等网络恢复再发。",
                "These points were not handed to this device for offline use; nothing moved. Wait for the network.",
            ),
        ),
    ),
    "differs": Refusal(
        ("和已记的不一样", "Differs from what is recorded"),
        (
            (
                "和已经记下的不一样，没有覆盖。请核对后用更正来改。",
                "It differs from what is recorded, which was kept. Check, and use a correction to change it.",
            ),
        ),
    ),
    "not_empty": Refusal(
        ("账本里已有账", "The book is not empty"),
        (
            (
                "这个账本里已有账，没有覆盖。确实要换，请加 --replace。",
                "This book already holds acts and was kept. To replace it, say --replace.",
            ),
        ),
    ),
    # -- too often, or not to be had now
    "too_many_requests": Refusal(
        ("先等一会儿", "Please wait a little"),
        (
            ("试的次数太多了，什么都没有动。请过{wait}再试。", "That was tried too often; nothing moved. Please try again in {wait}."),
            ("试的次数太多了，什么都没有动。请过一会儿再试。", "That was tried too often; nothing moved. Please try again later."),
        ),
    ),
    "unavailable": Refusal(
        ("账本暂时用不了", "The ledger is not available"),
        (
            (
                "{reason}，没有写入。请过几秒再试，同一次提交不会记两遍。",
                "{reason}; nothing was written. Try again in a few seconds: the same request is never recorded twice.",
            ),
            (
                "账本现在忙，没有写入。请过几秒再试，同一次提交不会记两遍。",
                "The ledger is busy; nothing was written. Try again in a few seconds: the same request is never recorded twice.",
            ),
        ),
    ),
}
