"""What the button of the page fills in: a text, a chat with a picture and a tool, and a request."""

from typing import Final

from service.web.playground.draft import CallDraft, ChatDraft, MessageDraft, PictureDraft

TEXT_EXAMPLE: Final = (
    "The weighbridge at the harbour opens at six. Each lorry is weighed twice: once loaded, once empty.\n"
    "Das Gewicht zählt, nicht die Größe. Вес, а не размер. Το βάρος μετράει.\n"
    "def net(gross: int, tare: int) -> int:\n    return gross - tare  # kilograms\n"
)

CHAT_EXAMPLE: Final = ChatDraft(
    (
        MessageDraft("system", "You answer questions about lorries at the harbour, in one sentence."),
        MessageDraft("user", "What does this lorry carry?", (PictureDraft("1024", "768"),)),
        MessageDraft("assistant", calls=(CallDraft("weigh", '{"plate": "HH AB 1234"}'),)),
        MessageDraft("tool", '{"gross_kg": 18240, "tare_kg": 7600}'),
    ),
    """[
  {
    "type": "function",
    "function": {
      "name": "weigh",
      "description": "Return the weights of a lorry.",
      "parameters": {
        "type": "object",
        "properties": {
          "plate": {"type": "string", "description": "Its number plate"}
        },
        "required": ["plate"]
      }
    }
  }
]
""",
)

REQUEST_EXAMPLE: Final = """{
  "model": "claude-sonnet-4-5",
  "max_tokens": 300,
  "system": "You answer questions about lorries at the harbour.",
  "messages": [
    {"role": "user", "content": [
      {"type": "text", "text": "Is this plate readable?"},
      {"type": "image", "width": 1200, "height": 900,
       "source": {"type": "url", "url": "https://example.com/plate.jpg"}}
    ]}
  ],
  "tools": [
    {
      "name": "weigh",
      "description": "Return the weights of a lorry.",
      "input_schema": {
        "type": "object",
        "properties": {"plate": {"type": "string"}},
        "required": ["plate"]
      }
    }
  ]
}
"""
