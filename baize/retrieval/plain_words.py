"""Words that any lesson is full of: they begin, end and make no phrase. `phrases` reads them."""

from __future__ import annotations

CHINESE = frozenset(
    """我们 你们 他们 大家 自己 东西 时候 地方 问题 情况 方面 部分 方式 方法 意思 事情 例子 视频 课程 内容
    结果 是 有 会 要 来 去 看 做 说 想 用 让 到 给 得 把 被 叫 成 能 讲 写 画 算 取 等于 得到 使用 进行
    知道 介绍 开始 看到 认为 希望 需要 可能 用来 了解 理解 告诉 表示 实现 包括 成为 作为 出来 起来 下来
    一样 不同 一般 好 大 小 多 少 新 老 高 低 对 错 上面 下面 里面 前面 后面 之前 之后 现在 今天 以后
    刚才 人 个 次 点 下 上 觉得 喜欢 发现 决定 比如 例如 应该 必须 可以 没有 就是 还有 不是 接下来
    也就是说 这门 这节 大量 原因 换句话说""".split()
)

ENGLISH = frozenset(
    """a able about above across actual actually after again ahead all almost along alright also although
    always am among an and another any anyone anything are aren around as ask asked asking at away back
    bad basic basically be because become becomes becoming been before behind being best better between
    big bit both bring bunch but by call called came can case cause certain change clear come comes
    coming could couldn couple course did didn different do does doesn doing don done dont down during
    each early easy either else end enough equal equals even ever every everyone everything exactly
    example far feel few figure final finally find first five follow for four from full fun gave general
    get gets getting give given gives giving go goes going gonna good got great guy guys had half hand
    happen happened happening happens hard has hasn have haven having he hello help her here hey hi him
    his hope how however i id idea if im imagine important in instance instead interesting into is isn
    isn't it its itself ive just keep kind kinds know known last later least left less let lets like
    likely little ll long look looking looks lot lots made make makes making many may maybe me mean
    means might mind minute minutes moment more most mostly move much must my name namely need needs
    never new next nice no none not nothing notice now number of off often oh ok okay old on once one
    ones only onto or other others our out over own part particular pause people perhaps piece place
    play point pretty probably put quite rather re read real really remember right said same saw say
    saying says second see seeing seem seems seen sense set shall she should show shows side similar
    simple simply since small so some somebody somehow someone something sometimes sort sorts specific
    start started starting starts step still stop stuff such suppose sure take taken takes taking talk
    talking tell tells ten term terms than thank thanks that thats the their them then there therefore
    these they theyre thing things think thinking third this those though thought three through time
    times to today together told too took top total toward towards try trying turn turns two type under
    understand up upon us use used useful using ve very video want wanted wants was wasn way ways we
    well went were weren weve what whatever when where whether which while who whole why will with
    within without won wonder word words work works worth would write writing wrong yeah yes yet you
    your youre yours yourself""".split()
)

SUFFIXES = frozenset("率值量数法式性度型集项点线面角图表机器者学")
"""Chinese characters that make a noun of the word before them (学习率), whatever a dictionary calls them."""
