"""Errors of Bedrock and SageMaker as the SDKs of AWS tell them: Python, JavaScript, Java, Go, .NET, Ruby, Rust.

Each names the error, and the references say under which status it comes; most tell the status, too.
"""

import re
from collections.abc import Iterator

from chatproof.captures.told import Told, as_body

NAME = "error text of an AWS SDK"
_LOOKED_AT = 64 * 1024
_MOST = 20
_WORDS = r"(?P<words>[^\n]{2,4000}?)"
_ERROR = r"(?P<name>[A-Z]\w{2,60}(?:Exception|Error|Quota))"
_FORMS = (
    # botocore, the AWS CLI
    re.compile(
        r"\bAn error occurred \((?P<name>\w{3,60})\) when calling the (?:InvokeModel|Converse|InvokeEndpoint)\w{0,30} "
        rf"operation(?: \([^)\n]{{1,60}}\))?: {_WORDS}$",
        re.MULTILINE,
    ),
    # Java
    re.compile(
        rf"\b{_ERROR}: {_WORDS} \(Service: (?:BedrockRuntime|SageMakerRuntime), Status Code: (?P<status>\d{{3}})\b"
    ),
    # Go
    re.compile(
        r"\boperation error (?:Bedrock|SageMaker) Runtime: [^\n]{0,200}?\bStatusCode: (?P<status>\d{3}), "
        rf"RequestID: [^,\n]{{0,80}}, (?:api error )?{_ERROR}: {_WORDS}$",
        re.MULTILINE,
    ),
    # .NET, Ruby
    re.compile(
        rf"\b(?:Amazon\.BedrockRuntime\.(?:Model\.)?|Aws::BedrockRuntime::Errors::){_ERROR}: {_WORDS}$", re.MULTILINE
    ),
    # Rust
    re.compile(rf"\b{_ERROR} \{{ message: Some\(\"(?P<words>(?:[^\"\\]|\\.){{2,4000}})\"\), meta: ErrorMetadata \{{"),
)
_JS = re.compile(rf"(?m)^[ \t]*(?:Uncaught )?{_ERROR}: {_WORDS}$")
_JS_STATUS = re.compile(r"[\"']?\$metadata[\"']?: \{\s{0,20}[\"']?httpStatusCode[\"']?: (\d{3})\b")
_JS_SERVICE = re.compile(r"client-(?:bedrock|sagemaker)-runtime\b")
_STATUS = {
    "ValidationException": 400,
    "AccessDeniedException": 403,
    "ResourceNotFoundException": 404,
    "ModelTimeoutException": 408,
    "ModelErrorException": 424,
    "ThrottlingException": 429,
    "ServiceQuotaExceededException": 400,
    "InternalServerException": 500,
    "ServiceUnavailableException": 503,
    "UnrecognizedClientException": 403,
    "InvalidSignatureException": 403,
    "ExpiredTokenException": 403,
}


def looks_like(text: str) -> bool:
    return next(pieces(text), None) is not None


def pieces(text: str) -> Iterator[Told]:
    """What each error in the text tells, in order."""
    text = text[:_LOOKED_AT]
    found = [match for form in _FORMS for match in list(form.finditer(text))[:_MOST]]
    for match in sorted(found, key=lambda one: one.start()):
        yield _told(match, match["status"] if "status" in match.re.groupindex else "")
    if not found and _JS_SERVICE.search(text) and (status := _JS_STATUS.search(text)) and (said := _JS.search(text)):
        yield _told(said, status[1])


def _told(match: re.Match[str], status: str) -> Told:
    error = {"message": match["words"].strip(), "type": match["name"]}
    return Told(int(status) if status else _STATUS.get(match["name"], 0), as_body({"error": error}))
