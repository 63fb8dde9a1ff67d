// Calls by the types that openapi-typescript made.
import createClient from "openapi-fetch";

import type { paths } from "./api.js";

declare const process: { env: Record<string, string> };

function check(holds: unknown): asserts holds {
  if (!holds) throw new Error("not so");
}

const { GATEWAY_BASE_URL: baseUrl, GATEWAY_API_KEY: key } = process.env;
const client = createClient<paths>({ baseUrl, headers: { Authorization: `Bearer ${key}` } });
const authors = await client.GET("/v1/tokens/authors");
check(authors.data?.includes("OpenAI"));
const models = await client.GET("/v1/tokens/models", { params: { query: { name: "gpt-4o" } } });
check(models.data?.length === 1 && models.data[0].name === "gpt-4o");
const body = { input: "Hello", type: "text" as const, models: ["gpt-4o"] };
const counts = await client.POST("/v1/tokens/count", { body });
check(counts.data?.[0].token_count === 1);
const prices = await client.GET("/v1/tokens/prices/{name}", { params: { path: { name: "gpt-4o" } } });
check(prices.response.status === 200);
const messages = [{ role: "user", content: "Hello" }];
const completion = await client.POST("/v1/chat/completions", { body: { model: "cipher", messages } });
const answer = completion.data;
check(typeof answer === "object"); // a stream would be text
const calls = await client.GET("/api/gateway/usage");
check(answer.usage.prompt_tokens === calls.data?.data[0].prompt_tokens);
const missing = await client.GET("/v1/tokens/models", { params: { query: { name: "nothing" } } });
check(missing.error?.status_code === 404);
console.log("right");
