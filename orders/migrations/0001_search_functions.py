r"""Search by one tokenizer, PostgreSQL's own: the row's words and the query's are cut by the same functions.

The functions depend on no locale: characters are named by their code points, and what differs between collations is
done under "C". Their bodies are parsed when they are made, so that no search path can lead them elsewhere.

`search_fold` takes case, accents and invisible characters away, `search_words` cuts what is left into words, and
`search_code` makes one sign row of an identifier as people write it: no spaces, no hyphens, and O, I and L read as in
Crockford's base32. `order_search_document` is what an order is found by. Its lexemes are words, and codes behind a mark
that no word can hold: # the order id, $ the payment id, = any other code, and ~ each of them from its end.
`order_search_query` is what somebody typed, and `order_id_query` what they typed if it is a whole order id.
"""

import unicodedata

from django.db import migrations

# Characters between words: punctuation, blanks and controls, of the scripts that are in use today.
SEPARATORS = (
    r"\u0001-\u002f\u003a-\u0040\u005b-\u0060\u007b-\u00bf\u00d7\u00f7\u02b9-\u02df"  # Latin, and letters as apostrophes
    r"\u055a-\u055f\u0589-\u058f\u05be\u05c0\u05c3\u05c6\u05f3\u05f4\u0600-\u060f\u061b-\u061f\u066a-\u066d\u06d4"
    r"\u0700-\u070d\u0964\u0965\u0970\u0df4\u0e3f\u0e4f\u0e5a\u0e5b\u0f01-\u0f14\u0f3a-\u0f3d\u104a-\u104f\u10fb"
    r"\u1360-\u1368\u166d\u166e\u1680\u16eb-\u16ed\u17d4-\u17d6\u17d8-\u17db\u1800-\u180a"
    r"\u2000-\u20cf\u2cf9-\u2cff\u2e00-\u2e2e\u2e30-\u2e7f\u3000-\u3004\u3008-\u3020\u3030\u303d-\u303f\u30a0\u30fb"
    r"\ufd3e\ufd3f\ufe45\ufe46\ufffc\ufffd"
)
# Characters that people leave out when they type: accents, points of Hebrew and Arabic, and what is not seen at all.
# The marks of other scripts, such as those of India and Thailand, are part of a word like its letters.
LEFT_OUT = (
    r"\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f"
    r"\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7"
    r"\u0610-\u061a\u0640\u064b-\u065f\u0670\u06d6-\u06dc\u06df-\u06e8\u06ea-\u06ed"
    r"\u00ad\u061c\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff\U000e0000-\U000e01ef"
)
# Arrows, signs and emoji, each a word of its own wherever it stands.
SIGNS = r"\u2190-\u2bff\U0001f000-\U0001faff"
# Letters with a lower case, once their accents are off: Latin, Greek, Cyrillic, Armenian, Georgian.
CASED = [
    *range(0xC0, 0x250),
    *range(0x386, 0x400),
    *range(0x400, 0x530),
    *range(0x531, 0x557),
    *range(0x1C90, 0x1CC0),
    0x1E9E,
]
# Letters that people type as others and that no normal form takes apart.
TYPED_AS = dict(zip("øđðłħŧŋıəɓɗƙƴɛɔς", "oddlhtniebdkyeoσ", strict=True))
WRITTEN_OUT = {"ß": "ss", "æ": "ae", "œ": "oe", "þ": "th"}
# PostgreSQL has no tsvector above a megabyte, and no lexeme above two kilobytes; a character has at most four bytes.
LONGEST_WORD = 100
LONGEST_WORDS, LONGEST_CODES = 100_000, 70_000
MOST_TOKENS = 50
# The end of a code is asked for from so many characters on, and so is a beginning that is not marked as one.
SHORTEST_CODE = 4

lower = {chr(code): chr(code).lower() for code in CASED if unicodedata.normalize("NFKD", chr(code)) == chr(code)}
lower = {upper: letter for upper, letter in lower.items() if letter != upper and len(letter) == 1}
LETTERS = {upper: TYPED_AS.get(letter, letter) for upper, letter in lower.items()} | TYPED_AS


VISIBLE = f"""regexp_replace(normalize(given, NFKD) COLLATE "C", '[{LEFT_OUT}]+', '', 'g')"""
APART = f"regexp_replace({VISIBLE}, '([{SIGNS}])', ' \\1 ', 'g')"
FOLDED = f"translate(lower({APART}), '{''.join(LETTERS)}', '{''.join(LETTERS.values())}')"
for letter, letters in WRITTEN_OUT.items():
    FOLDED = f"replace({FOLDED}, '{letter}', '{letters}')"

PURE = "LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE"
FUNCTIONS = rf"""
CREATE FUNCTION search_fold(given text) RETURNS text {PURE} RETURN
CASE WHEN octet_length(given) = length(given) THEN lower(given COLLATE "C") ELSE {FOLDED} END;

CREATE FUNCTION search_words(folded text) RETURNS text[] {PURE} RETURN
ARRAY(
    SELECT left(word, {LONGEST_WORD})
    FROM unnest(regexp_split_to_array(folded COLLATE "C", '[{SEPARATORS}]+')) AS word
    WHERE word <> ''
);

CREATE FUNCTION search_code(folded text) RETURNS text {PURE} RETURN
left(translate(regexp_replace(folded COLLATE "C", '[{SEPARATORS}]+', '', 'g'), 'oil', '011'), {LONGEST_WORD});

CREATE FUNCTION order_search_document(order_id text, payment_id text, texts text[], codes text[]) RETURNS tsvector
{PURE} RETURN (
    WITH code AS (
        SELECT mark, search_code(search_fold(given)) AS code FROM (
            SELECT '#' AS mark, regexp_replace(order_id, '^order-', '') AS given
            UNION ALL SELECT '$', regexp_replace(payment_id, '^pay-', '')
            UNION ALL SELECT '=', line
            FROM unnest(string_to_array(left(array_to_string(codes, E'\n'), {LONGEST_CODES}), E'\n')) AS line
        ) AS given
    )
    SELECT array_to_tsvector(
        search_words(left(search_fold(array_to_string(texts, E'\n')), {LONGEST_WORDS}))
        || ARRAY(
            SELECT mark || code FROM code WHERE code <> ''
            UNION ALL SELECT '~' || reverse(code) FROM code WHERE length(code) >= {SHORTEST_CODE}
        )
    )
);

CREATE FUNCTION search_code_query(code text) RETURNS text {PURE} RETURN
concat_ws(
    ' | ',
    CASE WHEN length(code) >= {SHORTEST_CODE}
        THEN format('''#%1$s'':* | ''$%1$s'':* | ''=%1$s'':* | ''~%2$s'':*', code, reverse(code)) END,
    CASE WHEN code ~ '^(sh1pp1ng)?0rder.'
        THEN format('''#%s'':*', regexp_replace(code, '^(sh1pp1ng)?0rder', '')) END,
    CASE WHEN code ~ '^pay.' THEN format('''$%s'':*', substr(code, 4)) END
);

CREATE FUNCTION order_search_query(typed text) RETURNS tsquery {PURE} RETURN (
    WITH token AS (
        SELECT token, search_words(token) AS words
        FROM regexp_split_to_table(search_fold(typed), '\s+') WITH ORDINALITY AS tokens (token, place)
        WHERE token !~ '^order-?$'
        ORDER BY place LIMIT {MOST_TOKENS}
    ), part AS (
        SELECT concat_ws(
            ' | ',
            (SELECT string_agg(format('''%s'':*', word), ' & ') FROM unnest(words) AS word),
            nullif(search_code_query(search_code(token)), '')
        ) AS condition
        FROM token WHERE words <> '{{}}'
    )
    SELECT concat_ws(
        ' | ',
        string_agg('(' || condition || ')', ' & '),
        CASE WHEN count(*) > 1 THEN nullif(search_code_query(search_code(search_fold(typed))), '') END
    )::tsquery
    FROM part HAVING count(*) > 0
);

CREATE FUNCTION order_id_query(typed text) RETURNS tsquery {PURE} RETURN (
    SELECT nullif(string_agg(format('''#%s''', code), ' | '), '')::tsquery
    FROM (
        SELECT search_code(search_fold(typed)) AS code
        UNION SELECT regexp_replace(search_code(search_fold(typed)), '^(sh1pp1ng)?0rder', '')
    ) AS codes
    WHERE code <> ''
);
"""
FORGET_FUNCTIONS = """
DROP FUNCTION order_id_query, order_search_query, search_code_query, order_search_document, search_code, search_words,
    search_fold;
"""


class Migration(migrations.Migration):
    """Creates the functions. They come before the tables, because a column is generated by one of them."""

    initial = True

    operations = [migrations.RunSQL(FUNCTIONS, FORGET_FUNCTIONS)]
