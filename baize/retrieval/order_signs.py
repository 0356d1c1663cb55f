"""What a sentence that steers a model is made of, whatever its words: whom it speaks to, of what, and how.

No sign is proof: a lecturer says "please", "answer", "the model". Which of them together are, `orders` learns
from examples. Signs are looked for in folded text (`terms.normalise`), in Chinese and English, the verbs also
in other languages.
"""

from __future__ import annotations

import re
from functools import lru_cache

from baize.domain.sentences import has_han
from baize.retrieval.terms import normalise
from baize.retrieval.unmask import is_masked, unmask

_A, _Z = r"(?<![a-z])", r"(?![a-z])"

_WORDS: dict[str, str] = {
    "machine": rf"{_A}(?:ai|a\.i\.|bots?|chat ?bots?|(?:language )?models?|llms?|gpt|assistants?"
    rf"|companions?|tutors?"
    rf"|machines?|software|programs?|automat\w+|systems?|bai ?ze){_Z}|人工智能|智能|机器|助教|助手|模型"
    rf"|程序|软件"
    r"|伙伴|系统|白泽|大语言",
    "reply": rf"{_A}(?:answers?|repl(?:y|ies)|respon[ds]\w*|outputs?|messages?|sentences?|phrases?"
    rf"|explanations?"
    rf"|words?|texts?|conclusions?|summar\w+|generat\w+|feedback){_Z}|回答|回复|回覆|答复|答覆|答案|输出"
    rf"|内容|文字"
    r"|文本|结论|结尾|开头|末尾|总结|摘要|讲解|解释|生成|消息|两个字|一句",
    "own_reply": rf"{_A}(?:your|the|each|every|any) (?:next |final |generated |whole )?(?:answers?"
    rf"|repl(?:y|ies)"
    rf"|responses?|outputs?|messages?|text|summary|explanations?){_Z}|(?:你的?|每[条个次]|所有"
    rf"|本次)(?:问题的?)?(?:回答"
    rf"|回复|答复"
    r"|答案|输出|消息|解释)|(?:回答|回复|回覆|答复|答覆|答案|输出|内容|总结|讲解|生成\S{0,4})(?:里面?|中"
    r"|时|的时候|之末|末尾|开头|最后|前|后)",
    "say": rf"{_A}(?:say|tell|told|writes?|mention\w*|state|declare|announce|claim|recommend|prais\w+"
    rf"|confirm|inform\w*|append"
    rf"|repeat|read out|read aloud|reply|respond|answer|advertis\w+|promot\w+|insult|suggest|advise|warn"
    rf"|reveal|disclose|instruct|direct|convince|admit|conclude|pass on){_Z}"
    r"|说|讲|写|提到|提一|劝|提醒|告诉|转告|转达|告知|通知|声明|声称|宣布|承认|推荐|确认|加上|加一|附上|夸"
    r"|念|读给|展示|列出|公布|出现"
    r"|透露|宣传|宣称|强调|插入|回答|回复|回覆|答复|输出|打印|重复|复述|播报|引导|介绍给"
    r"|responde|escrib|dile|di que|contest|répond|écri|dis |termine|antwort|schreib|sag |nenne"
    r"|ответ|скаж|напиш|答えて|書いて|伝えて|言って|답하|말하|rispond|scriv|responda|escreva",
    "asker": rf"{_A}(?:learners?|students?|users?|askers?|viewers?|readers?|people who|whoever|anyone"
    rf"|everyone|everybody"
    rf"|the person|persons? asking|who asks?|customers?|them|him|her){_Z}|学员|学员|学生|学习者|用户|提问"
    rf"|来问|问的人|问到|对方"
    rf"|观众"
    r"|读者|访客|他们|大家|有人问|谁问|estudiante|étudiant|lernende|учени|学習者",
    "must": rf"{_A}(?:must|should|shall|ought|always|only|just|simply|never|nothing but|exactly|make sure"
    rf"|has to|have to|is to"
    rf"|are to|required){_Z}|务必|必须|应当|应该|只|一律|统统|都要|都说|一定|就行|即可|要以|要先|要说|要讲"
    rf"|要写|siempre|solo|uniquement"
    rf"|nur|ausschlie",
    "please": rf"{_A}(?:please|kindly|be so kind|would you|could you|dear|attention|note to|note for){_Z}"
    rf"|请|麻烦|劳驾|拜托|别忘|亲爱|注意",
    "whatever": rf"{_A}(?:no matter|whatever|regardless|whenever|(?:every|any|all|each) (?:questions?"
    rf"|answers?|repl\w+"
    rf"|responses?|message)|from (?:now|here|this)|until further){_Z}|无论|不论|不管|凡|所有问题|每个问题"
    rf"|任何问题|谁来|从现在|从此"
    rf"|从这里|今后|以后",
    "revoke": rf"{_A}(?:ignore|disregard|forget|drop|override|overrides?|bypass|never mind|no longer"
    rf"|lifted|void|cancel\w*|replac\w+"
    rf"|instead of|stop|refuse|unlock\w*|disabled|off|supersed\w+|leave out|set aside|do not use){_Z}|忽略"
    rf"|无视|忘掉|忘记|作废|不算|别管|解除|失效"
    r"|取消|停止|拒绝|关闭|绕过|跳过|抛开|不用管|不要用|不必|隐藏|oubli|ignor|olvid|vergiss|забуд",
    "rules": rf"{_A}(?:instructions?|rules?|prompts?|guid(?:ance|elines?)|polic(?:y|ies)|settings?|setup"
    rf"|restrictions?|checks?"
    rf"|safeguards?|sources?|cit\w+|passages?|tasks?){_Z}|指令|指示|规则|规定|提示|要求|设定|限制|安全"
    rf"|引用|出处|来源|标注|任务|命令",
    "you": rf"{_A}(?:you|your|yourself|you're){_Z}|你|您",
    "persona": rf"{_A}(?:you are|you're|act as|acting as|pretend|imagine that you|your (?:new )?(?:role"
    rf"|name|identity)|speaks? only|behave"
    rf"|in the voice of|switch to){_Z}|扮演|你叫|你是|假装|身份|口吻|冒充|你不再|换成",
    "tools": rf"{_A}(?:tools?|functions?|search|scope|tenants?|other courses?|all courses|platforms?|quiz"
    rf"|exam|solutions?|passwords?|secrets?"
    rf"){_Z}|工具|调用|范围|别的课|其他课|另一门|其它课|测验|考试|密码|秘密|口令|暗号|暗语|解答|资料",
    "selling": rf"{_A}(?:discounts?|coupons?|vouchers?|promo\w*|offers?|free|premium|sponsor\w*|shops?"
    rf"|buy|pay|payment|money|price|bank|sale|vip"
    rf"|members?hip|subscri\w+|prize|advert\w*){_Z}|优惠|折扣|打折|会员|赞助|商店|付费|付款|交钱|免费|广告"
    rf"|推销|代金|兑换|领取|中奖|收费|客服"
    rf"|加群|加微信",
    "imperative": r"^\W*(?:please |kindly |then |now |just |always |simply |quietly |go ahead and "
    r"|and )?(?:say|tell|write|mention|state|declare"
    r"|announce|recommend|confirm|inform|add|append|end|finish|start|begin|open|include|repeat|read"
    r"|insert|output|print|reply|respond|answer"
    r"|reveal|disclose|show|put|give|let|send|instruct|direct|convince|make|have|ask|treat|use|call"
    r"|search|set|ignore|disregard|forget|drop"
    r"|act|pretend|stop|refuse|switch|do not|don't|work|copy|pass|cite|hide|mark|instead|conclude|comply)\b"
    r"|^\W*(?:请|把|让|叫|给|别|不要|只|去|用|务必|最后|忽略|忘|告诉|回答|回复|拒绝|换成|打开|调用|要|麻烦"
    r"|劳驾)",
    "to_say": rf"{_A}(?:say|state|tell|reply|answer|respond|write|mention|announce|claim|confirm|hear"
    rf"|know|inform\w*)"
    rf"(?: \w+){{0,4}} (?:that|with|only|the words?)|(?:说|讲|写|回答|回复|答复|声明|告诉\S{{1,6}}"
    rf"|通知\S{{1,4}})[，,：:“\"]",
    "where": rf"{_A}(?:end|finish|start|begin|open|conclude|top|bottom|first|last)\w* (?:of |your |the "
    rf"|each |every |with |by )"
    r"|(?:最后|末尾|结尾|开头|最前面|后面)(?:都?要?)?(?:写|加|说|附|放|讲|补|来)",
    "points_on": rf"{_A}(?:following|below|next (?:line|sentence)|what (?:follows|comes next)"
    rf"|this sentence|this line|this message){_Z}"
    r"|下一句|下面|以下|下列|这句话|这一行|接下来的",
}
_SIGNS = {name: re.compile(words) for name, words in _WORDS.items()}

# A file may hold 300,000 characters in one word: time must grow with the text, not with its square. So
# nothing that repeats stands before what it may match too, and nothing endless starts at each character.
_SHAPES: dict[str, re.Pattern[str]] = {
    "link": re.compile(
        r"https?://|www\.|(?<![\w@.])[\w-]{1,63}\.(?:example|com|cn|net|org|io|test|invalid|top|xyz|vip|ru"
        r"|info|shop|site)(?![\w.])",
        re.I,
    ),
    "contact": re.compile(
        r"[\w.+-]@[\w-]+\.\w+|(?<!\d)(?:\+?\d{1,3}[- ])?\d{3,4}[- ]\d{3,4}(?:[- ]\d{3,5})?(?!\d)|(?:微信"
        r"|QQ|V信|企鹅|电话|群)\W{0,3}[\w-]{0,200}\d{4}"
        r"|(?:微信|QQ|V信)\W{0,3}[a-z][\w-]{4,}",
        re.I,
    ),
    "code": re.compile(r"(?<![\w-])(?=[A-Z\d-]*\d)[A-Z]{2}[A-Z-]*\d{2}[A-Z\d]*(?![\w])"),
    "shout": re.compile(r"(?<![\w-])[A-Z]{5,}(?![\w-])"),
    "marker": re.compile(
        r"^\W*(?:system|assistant|user|developer|admin\w*|bot|human|instruction|prompt|系统|助手|用户|学员|开发者"
        r"|管理员)[^:：\w]{0,4}(?:[:：>\]】]|#{2,})|</?[a-z_\u4e00-\u9fff]{2,20}>|<!--|\[\[|\{\s*[\"']\w+[\"']\s*:"
        r"|(?:begin|end) (?:prompt|system|instruction)",
        re.I,
    ),
    "quoted": re.compile(r"[“\"'‘「『《].{2,60}[”\"'’」』》]"),
    "foreign": re.compile(
        r"[\u0400-\u04ff\u3040-\u30ff\uac00-\ud7af\u0600-\u06ff\u0e00-\u0e7f\u0900-\u097f]{3}"
    ),
}
_PINYIN = re.compile(
    r"(?<![a-z])(?:qing|hui ?da|hui ?fu|shu ?chu|gao ?su|xue ?yuan|xue ?sheng|yong ?hu|hu ?lve|hu ?lue"
    r"|zhi ?ling|gui ?ze|zhi ?shuo|zhi ?xie"
    r"|xi ?tong|mo ?xing|zhu ?shou)(?![a-z])"
)
_LEAST_PINYIN = 2
_LONG, _LONG_HAN = 120, 45
"""Characters of a sentence in which several signs may stand by chance."""

NAMES = (*_SIGNS, *_SHAPES, "masked", "pinyin", "long")
_OF_THE_REPLY = frozenset(
    (
        "say",
        "reply",
        "machine",
        "rules",
        "persona",
        "tools",
        "asker",
        "marker",
        "masked",
        "pinyin",
        "foreign",
        "link",
        "contact",
        "code",
    )
)


_STEERING_WORDS = [pattern for name, pattern in _SIGNS.items() if name in _OF_THE_REPLY]
_STEERING_SHAPES = [pattern for name, pattern in _SHAPES.items() if name in _OF_THE_REPLY]


@lru_cache(maxsize=1 << 13)
def signs(text: str) -> frozenset[str]:
    """Names of the signs that a sentence bears."""
    shown = unmask(text)
    folded = normalise(shown)
    found = {name for name, pattern in _SIGNS.items() if pattern.search(folded)}
    found |= {name for name, pattern in _SHAPES.items() if pattern.search(shown)}
    return frozenset(found | _besides(text, folded))


def _besides(text: str, folded: str) -> set[str]:
    """The signs that are no patterns."""
    found: set[str] = set()
    if is_masked(text):
        found.add("masked")
    if folded.isascii() and len(set(_PINYIN.findall(folded))) >= _LEAST_PINYIN:
        found.add("pinyin")
    if len(folded) > (_LONG_HAN if has_han(folded) else _LONG):
        found.add("long")
    return found


def may_be_order(text: str) -> bool:
    """Whether there is anything in it that could steer; most sentences of a lecture are done with here."""
    shown = unmask(text)
    folded = normalise(shown)
    # Of the others only who is left wants to know.
    if any(pattern.search(folded) for pattern in _STEERING_WORDS):
        return True
    if any(pattern.search(shown) for pattern in _STEERING_SHAPES):
        return True
    return not _OF_THE_REPLY.isdisjoint(_besides(text, folded))
