// OpenAI's SDK in Node.
import OpenAI from "openai";

import { tries } from "./openai_tries.mjs";
import { attend } from "./protocol.mjs";

const { GATEWAY_BASE_URL: baseURL, GATEWAY_API_KEY: apiKey } = process.env;
await attend("openai", tries(new OpenAI({ baseURL, apiKey })));
