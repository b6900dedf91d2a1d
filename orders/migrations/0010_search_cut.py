r"""Lets the search leave frequent words to the rows that rarer ones find.

A GIN index collects all rows of a beginning of a word before it looks at the next one, so `example` and `com`, which
are in every e-mail address, cost more than all else. `order_search_cut` is the query with its rarest words alone, by
the shares of the orders that words are known to be in: every order that the query finds is among what the cut finds,
and the rows tell which.

A word that another one follows without a blank, as in an e-mail address, is typed to its end: it is matched whole.
"""

from django.db import migrations

# As in 0001_search_functions.
MOST_TOKENS = 50
# A beginning of fewer bytes is in too many words to be looked up, whatever the statistics know of it.
SHORTEST_RARE = 3
# The share of all orders up to which a word is worth looking up beside a rarer one.
RARE = 0.005

PURE = "LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE"
# One row for each part of what was typed between blanks.
TOKENS = rf"""
    WITH token AS (
        SELECT token, search_words(token) AS words
        FROM regexp_split_to_table(search_fold(typed), '\s+') WITH ORDINALITY AS tokens (token, place)
        WHERE token !~ '^order-?$'
        ORDER BY place LIMIT {MOST_TOKENS}
    )
"""
CODES = "nullif(search_code_query(search_code(token)), '')"
WHOLE = "CASE WHEN count(*) > 1 THEN nullif(search_code_query(search_code(search_fold(typed))), '') END"
# Any word of a token may go on, as it was before.
ALL_BEGIN = "SELECT string_agg(format('''%s'':*', word), ' & ') FROM unnest(words) AS word"
# Only the last one may.
LAST_BEGINS = """
    SELECT string_agg(format(CASE WHEN number = cardinality(words) THEN '''%s'':*' ELSE '''%s''' END, word), ' & ')
    FROM unnest(words) WITH ORDINALITY AS each (word, number)
"""


def query_function(words: str) -> str:
    """Return the statement that creates the query, with `words` as the condition of a token's words."""
    return f"""
CREATE OR REPLACE FUNCTION order_search_query(typed text) RETURNS tsquery {PURE} RETURN (
    {TOKENS}, part AS (
        SELECT concat_ws(' | ', ({words}), {CODES}) AS condition FROM token WHERE words <> '{{}}'
    )
    SELECT concat_ws(' | ', string_agg('(' || condition || ')', ' & '), {WHOLE})::tsquery
    FROM part HAVING count(*) > 0
);
"""


CUT_FUNCTION = f"""
CREATE FUNCTION order_search_cut(typed text, known text[], shares real[]) RETURNS tsquery {PURE} RETURN (
    {TOKENS}, word AS (
        SELECT word, number = cardinality(words) AS is_last
        FROM token, unnest(words) WITH ORDINALITY AS each (word, number)
    ), share AS (
        SELECT word, CASE WHEN is_last AND octet_length(word) < {SHORTEST_RARE} THEN 1 ELSE (
            SELECT coalesce(sum(share), 0) FROM unnest(known, shares) AS each (known_word, share)
            WHERE known_word = word OR (is_last AND starts_with(known_word, word))
        ) END AS share
        FROM word
    ), part AS (
        SELECT ({LAST_BEGINS} WHERE word IN (
            SELECT word FROM share WHERE share <= greatest({RARE}, (SELECT min(share) FROM share))
        )) AS rare, {CODES} AS codes
        FROM token WHERE words <> '{{}}'
    )
    SELECT CASE WHEN count(rare) > 0 THEN concat_ws(
        ' | ', string_agg('(' || concat_ws(' | ', rare, codes) || ')', ' & ') FILTER (WHERE rare <> ''), {WHOLE}
    )::tsquery END
    FROM part
);
"""
FUNCTIONS = query_function(LAST_BEGINS) + CUT_FUNCTION
FORGET_FUNCTIONS = f"DROP FUNCTION order_search_cut; {query_function(ALL_BEGIN)}"


class Migration(migrations.Migration):
    """Replaces one function and creates another."""

    dependencies = [("orders", "0009_shops")]

    operations = [migrations.RunSQL(FUNCTIONS, FORGET_FUNCTIONS)]
