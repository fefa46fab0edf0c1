"""Writes gpu-worker/src/model/tokenizer.golden.json: prompts and the ids that the independent `tokenizers` package gives them.

    pip install tokenizers && python golden_tokenizer.py

Fails when word_piece.py says anything else; word-piece.test.ts asks the same of the worker.
"""

import json
import re
import textwrap
from importlib.metadata import version
from pathlib import Path

from tokenizers import Tokenizer, models, normalizers, pre_tokenizers

from word_piece import FIRST, LAST, MAX_TOKENS, PAD, UNKNOWN, read_vocabulary, split_pieces, tokenize

OUT = Path(__file__).parent.parent / "gpu-worker" / "src" / "model" / "tokenizer.golden.json"
LINE_WIDTH = 140

PROMPTS = [
    # Plain
    "a red balloon rises over the sea", "a golden puppy runs on the beach", "two horses in a meadow", "an aeroplane over snowy mountains",
    "a boat sails to the left", "a car drives through the city at night", "a dog", "dog", "a fish swims in space", "sunset",
    "a small green car driving quickly to the right", "a bird circles above the forest", "an orange cat sits still",
    # Words in pieces
    "snowboarding tyrannosaurus", "photorealistic bokeh", "unhappiest giraffes", "hyperrealism in the style of ukiyo-e", "antidisestablishmentarianism",
    "zxqvbn", "storyboarded", "sailboats rowboats lifeboats", "everframe",
    # Case
    "A RED BALL", "A Red Ball Bounces", "aRedBall", "NASA ROCKET", "ǅ Ǆ ǆ", "ΟΔΥΣΣΕΥΣ ΣΑΣ", "İstanbul ISTANBUL ıstanbul", "STRASSE Straße ẞ", "ﬁsh ﬂower", "Ｆｕｌｌ Ｗｉｄｔｈ",
    # Accents
    "a naïve café", "piñata jalapeño", "Ångström Øresund Łódź", "crème brûlée à la carte", "cafe\u0301 nai\u0308ve", "Việt Nam", "Ελλάδα ή Ἑλλάς", "ёлка й", "שָׁלוֹם", "مَرْحَبًا", "हिन्दी नमस्ते", "z\u0351\u036b\u0343a\u0363\u0300l\u033fg\u0334o\u0321",
    # Ideographs and syllables
    "赤い風船", "红色的气球", "一只狗 in the rain", "a狗b", "東京タワー", "ガギグゲゴ", "がぎぐげご", "한국어 서울", "서울 ball", "𠀀𠮷野家", "㐀㐁", "豈更", "々〆〇", "ㄅㄆㄇ",
    # Emoji and symbols
    "🐶", "a 🐶 runs", "dog🐶dog", "👩‍👩‍👧‍👦 family", "👍🏽", "🇯🇵 flag", "❤️ love", "☃ snowman ☀", "1️⃣", "a → b", "5 € or 5 $", "½ cup", "x² + y² = z²", "™ © ®", "°C", "♔♕",
    # Punctuation
    "a red ball, bouncing!", "don't stop", "rock'n'roll", "well-known state-of-the-art", "(a) [b] {c} <d>", "a/b\\c", "wait... what?!", "“curly” ‘quotes’", "—em—dash– –", "a_b*c&d%e#f@g", "`~^|+=", "¿qué? ¡sí!", "「こんにちは」。", "…", "¡", "hello,world.foo:bar;baz", "·•‧", "'", "a'b", "!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!",
    # Numbers
    "3 dogs", "1080p 24fps", "3.14159", "1,000,000", "２０２５", "٣ ३", "2nd 3rd 4th", "16:9",
    # Spaces, zero width, controls
    "", " ", "   a   dog   ", "a\tred\nball\r\nbounces", "a\u00a0red\u2003ball\u3000!", "a\u200bred\u200dball", "\ufeffdog", "do\u00adg", "a\u2028b\u2029c", "a\x00b\x07c\x1bd\x7fe", "a\x85b\x0bc\x0cd", "\ufffddog\ufffd", "\u202edog\u202c", "\ue000dog", "\u2060\u2063", "\u180edog", "\x1c\x1d\x1e\x1fdog",
    # Names of special tokens are only text
    "[CLS] dog [SEP]", "[MASK]", "[PAD] [UNK]", "##ing ##s", "[unused1]",
    # Very long
    "on and " * 100, "a" * 100, "a" * 101, "word" * 60, "dog, " * 15, "dog " * 30, "dog " * 31, "é" * 120, "狗" * 40, "a red ball rolls on the beach while the waves come in, the sun goes down behind the mountains, and three birds circle in the sky above a white boat with a blue sail",
    # Scripts that the vocabulary hardly knows
    "собака бежит", "σκύλος τρέχει", "ሰላም ልዑል", "ᏣᎳᎩ", "ქართული", "Հայերեն", "ไทย ภาษา", "தமிழ்", "𝓭𝓸𝓰 𝕕𝕠𝕘", "ʻokina ʼapostrophe",
]


def main() -> None:
    reference = Tokenizer(models.WordPiece(read_vocabulary(), unk_token=UNKNOWN, max_input_chars_per_word=100))
    reference.normalizer = normalizers.BertNormalizer(clean_text=True, handle_chinese_chars=True, strip_accents=None, lowercase=True)
    reference.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    vectors = []
    for prompt in PROMPTS:
        pieces = reference.encode(prompt).tokens
        vector = {"prompt": prompt, "tokens": len(pieces) + 2, "token_ids": frame(reference, pieces)}
        own = {"prompt": prompt, "tokens": len(split_pieces(prompt)) + 2, "token_ids": tokenize(prompt)}
        if own != vector:
            raise SystemExit(f"word_piece.py reads {prompt!r} as {split_pieces(prompt)}; it should be {pieces}")
        vectors.append(vector)
    golden = {"made_by": f"python golden_tokenizer.py, tokenizers {version('tokenizers')}", "max_tokens": MAX_TOKENS, "prompts": vectors}
    # ASCII, so that no editor changes a zero-width character; a list of numbers as the formatter has it
    text = json.dumps(golden, indent=2)
    OUT.write_text(re.sub(r"\[([\d,\s]+)\]", fill, text) + "\n")
    print(f"{len(vectors)} prompts")


def fill(numbers: re.Match) -> str:
    """On one line where it fits, else filled lines."""
    row = " ".join(numbers[1].split())
    if len(row) <= LINE_WIDTH - len('      "token_ids": []'):
        return f"[{row}]"
    lines = textwrap.fill(row, LINE_WIDTH, initial_indent=" " * 8, subsequent_indent=" " * 8)
    return f"[\n{lines}\n      ]"


def frame(reference: Tokenizer, pieces: list[str]) -> list[int]:
    """The reference's pieces between [CLS] and [SEP], cut and padded."""
    framed = [FIRST, *pieces[: MAX_TOKENS - 2], LAST]
    return [reference.token_to_id(piece) for piece in framed + [PAD] * (MAX_TOKENS - len(framed))]


if __name__ == "__main__":
    main()
