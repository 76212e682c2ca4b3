"""What is said of one clause on embeddings, where the row of its code would say something else, or too little."""

from chatproof.contract.failure_mode import CERTAIN, LIKELY, PROVIDER

OF_VECTORS = {
    "happy.base64": (
        "encoding_format base64 is refused, and the official SDKs ask for it",
        PROVIDER,
        "Set encoding_format to float in your client: openai-python, openai-node and libraries built on them ask for base64 unless your code chooses.",
        CERTAIN,
    ),
    "float.agrees": (
        "floats and base64 of the same texts are different vectors",
        PROVIDER,
        "Use one encoding everywhere that one vector store is filled or queried. Report it: base64 must be little-endian float32.",
        LIKELY,
    ),
    "float.fractions": (
        "the numbers of a vector are whole: they were rounded, as to int8",
        PROVIDER,
        "Do not mix these vectors with those of another server: the numbers are a hundred times as large, and near texts have equal scores. Look at the server's setting for the type of embeddings. Report it.",
        CERTAIN,
    ),
    "dimensions.unit": (
        "vectors that `dimensions` shortens are cut off, and not brought to length 1 again",
        PROVIDER,
        "Divide each shortened vector by its length in your own code before you store it, or use a distance that does so (cosine). Report it.",
        CERTAIN,
    ),
    "tokens.read": (
        "texts that are sent as tokens get the vectors of other texts",
        PROVIDER,
        "Send texts: in LangChain's OpenAIEmbeddings set check_embedding_ctx_length=False. The server has another vocabulary than the one in which clients send tokens, or takes them for digits. Build a store anew that was filled with tokens.",
        CERTAIN,
    ),
    "batch.counted": (
        "fewer tokens are counted for many texts than there are texts",
        PROVIDER,
        "Do not bill or budget by these counts: they are those of one text. Report it.",
        CERTAIN,
    ),
}
