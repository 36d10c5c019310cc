"""What somebody has kept: conversations by their titles, folders, prompts."""

from __future__ import annotations

TITLES = """Why there are tides
Three days in Kyoto
Rust or Go for a small proxy
A letter to the landlord
Sourdough that does not rise
What a monad is, really
Regular expression for ISBN
Names for a grey cat
Reading list: sea novels
Planning the garden in March
SQL: the latest row per group
Postcards from Lisbon
How vaccines are tested
The rules of Go
Piano fingering, bars 12 to 16
Budget for the workshop
Translating a poem by Li Bai
Why the sky is blue
Unit tests for a parser
A toast for the wedding
Migrating from MySQL 5.7
Hiking boots, wide fit
The French Revolution in ten dates
A bedtime story about a lighthouse
Refactoring the invoice module
Questions for the interview"""

TITLES_ZH = """潮汐的成因
京都三日游
小型代理用 Rust 还是 Go
写给房东的信
酸面团为什么发不起来
单子到底是什么
匹配 ISBN 的正则表达式
给灰猫起名字
书单：海洋小说
三月的花园计划
SQL：每组取最新一行
来自里斯本的明信片
疫苗是怎样测试的
围棋规则
钢琴指法，第 12 至 16 小节
工作坊的预算
翻译李白的一首诗
天空为什么是蓝色的
给解析器写单元测试
婚礼祝酒词
从 MySQL 5.7 迁移
宽楦登山鞋
十个日期看法国大革命
关于灯塔的睡前故事
重构发票模块
面试问题"""

LONG_TITLES = """Everything that has to be thought of before one moves to another country with two cats and a piano
Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft
لماذا يوجد مد وجزر مرتين في اليوم؟
רשימת קניות לשבת ולחג
关于潮汐、月球引力以及海岸形状如何共同决定涨潮高度的一次很长很长的讨论
TypeError: Cannot read properties of undefined (reading 'map')
🌊🌕🌖 tides, tides, tides
a"""

FOLDERS = {
    "Journeys": ["Three days in Kyoto", "Postcards from Lisbon", "Hiking boots, wide fit"],
    "Work: everything about the proxy, the parser and the invoice module": ["Rust or Go for a small proxy"],
    "دروس": [],
}
FOLDERS_ZH = {
    "旅行": ["京都三日游", "来自里斯本的明信片", "宽楦登山鞋"],
    "工作：代理、解析器和发票模块的一切，以及所有相关的讨论": ["小型代理用 Rust 还是 Go"],
    "دروس": [],
}

PROMPTS = {
    "Translate into English": "Translate the following text into English. Keep names and numbers as they are:\n\n",
    "Explain simply": "Explain to somebody who has never heard of it, with one example from everyday life:\n\n",
    "Review this code": "Review this code. Name the three most serious problems first, each with a line to change:\n\n",
    "Letter": "Write a short and friendly letter about the following:\n\n",
    "Everything that has to be thought of when a contract is read for the first time": "Read this contract and list …",
    "ملخص": "لخّص النص التالي في ثلاث جمل:\n\n",
}
PROMPTS_ZH = {
    "翻译成英文": "把下面的文字翻译成英文，人名和数字保持不变：\n\n",
    "简单解释": "向完全没听说过的人解释，并举一个日常生活中的例子：\n\n",
    "审查代码": "审查这段代码，先指出最严重的三个问题，并各给出一行修改建议：\n\n",
    "写信": "就下面的内容写一封简短友好的信：\n\n",
    "第一次阅读合同时需要想到的所有事情以及应当向对方提出的问题": "阅读这份合同，并列出……",
    "ملخص": "لخّص النص التالي في ثلاث جمل:\n\n",
}

INSTRUCTIONS = "You are a patient teacher of physics. Answer in short sentences, and end with one question."
INSTRUCTIONS_ZH = "你是一位耐心的物理老师。请用简短的句子回答，最后提出一个问题。"
