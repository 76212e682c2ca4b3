"""The text outside ASCII that a model is to repeat in a stream, and the rule that the same request carries."""

UNICODE = "naïve Ωmega Привет 你好 שלום 👩‍🚀 𝔘"
SIGNS = '1 < 2 & "3" > 2'
"""What HTML writes otherwise, and no other format does."""
FIRST_WORD = "bravo"
RULE = f"Begin each answer with the word {FIRST_WORD}."
AFTER_IT = "after any word that you were told to begin with"
TO_REPEAT = f"Repeat this line, {AFTER_IT}: {UNICODE} {SIGNS}"
"""It leaves the rule its place: who has seen both is not to choose between them."""
