// Edits a chat in the page: messages, pictures and calls are added, moved and removed without asking the server.
import { announce } from "./common.js";
import { headerOf, MAX_HEADER_BYTES } from "./pictures.js";

// `changed` is called after each edit.
export function editChat(panel, changed) {
  const list = panel.querySelector(".messages");

  const fresh = (kind) => panel.querySelector(`[data-new="${kind}"]`).content.firstElementChild.cloneNode(true);

  function addMessage() {
    const last = list.lastElementChild?.querySelector("[name=role]").value;
    const message = list.appendChild(fresh("message"));
    message.querySelector("[name=role]").value = last === "user" ? "assistant" : "user";
    return message;
  }

  function addItem(message, kind) {
    return message.querySelector(`[data-items="${kind}"]`).appendChild(fresh(kind));
  }

  const edits = {
    add: () => addMessage().querySelector("textarea").focus(),
    up: (message) => message.previousElementSibling?.before(message),
    down: (message) => message.nextElementSibling?.after(message),
    remove(message) {
      const next = message.nextElementSibling ?? message.previousElementSibling;
      message.remove();
      (next?.querySelector("[value^=remove]") ?? panel.querySelector("[value=add]")).focus();
    },
    picture: (message) => addItem(message, "picture").querySelector("input").focus(),
    call: (message) => addItem(message, "call").querySelector("input").focus(),
    "drop-picture": drop,
    "drop-call": drop,
  };

  function drop(message, item) {
    item.remove();
    message.querySelector("textarea").focus();
  }

  function number() {
    [...list.children].forEach((message, place) => {
      message.setAttribute("aria-label", `Message ${place + 1}`);
      message.querySelector("textarea").setAttribute("aria-label", `Text of message ${place + 1}`);
      for (const button of message.querySelectorAll(".moves button")) {
        button.setAttribute("aria-label", `${button.title}, message ${place + 1}`);
      }
    });
  }

  async function take(message, files) {
    forget();
    for (const file of files) {
      if (!file.type.startsWith("image/")) {
        tell(message, `${file.name} is no picture. Texts and requests can be opened under Text and Request.`);
        continue;
      }
      const header = headerOf(new Uint8Array(await file.slice(0, MAX_HEADER_BYTES).arrayBuffer()));
      const item = addItem(message, "picture");
      const [width, height] = item.querySelectorAll("input");
      item.querySelector("[data-name]").textContent = header ? file.name : `${file.name}: its size could not be read, enter it`;
      if (header) [width.value, height.value] = [header.width, header.height];
      changed();
    }
  }

  function tell(message, sentence) {
    const fault = message.querySelector("[data-fault]");
    fault.textContent = sentence;
    fault.hidden = false;
    fault.dataset.local = "";
    announce(sentence);
  }

  // What the page itself has said holds until the next edit; what the service says, until its next answer.
  function forget() {
    for (const fault of panel.querySelectorAll("[data-local]")) {
      fault.hidden = true;
      delete fault.dataset.local;
    }
  }

  // Pictures that are dropped beside all messages belong to the last one of the user.
  function messageAt(element) {
    const users = [...list.children].filter((message) => message.querySelector("[name=role]").value === "user");
    return element.closest(".message") ?? users.at(-1) ?? addMessage();
  }

  panel.addEventListener("click", (event) => {
    const button = event.target.closest("button[name=edit]");
    if (!button) return;
    event.preventDefault();
    forget();
    const word = button.value.split(" ")[0];
    edits[word](button.closest(".message"), button.closest(".item"));
    // A message that moves takes its buttons along, which lose the focus.
    if (word === "up" || word === "down") button.focus();
    number();
    if (word === "up" || word === "down") announce(`${button.closest(".message").getAttribute("aria-label")} now`);
    changed();
  });
  panel.addEventListener("input", forget);
  panel.addEventListener("change", (event) => {
    if (!event.target.matches("[data-pictures]")) return;
    take(event.target.closest(".message"), [...event.target.files]);
    event.target.value = "";
  });
  panel.addEventListener("paste", (event) => {
    const { files, types } = event.clipboardData;
    // A table or a formatted text comes with a picture of itself: then the text is meant.
    if (!files.length || types.includes("text/plain")) return;
    event.preventDefault();
    take(messageAt(event.target), [...files]);
  });
  document.addEventListener("dragover", (event) => {
    if (!panel.disabled && event.dataTransfer.types.includes("Files")) event.preventDefault();
  });
  document.addEventListener("drop", (event) => {
    if (panel.disabled || !event.dataTransfer.files.length) return;
    event.preventDefault();
    take(messageAt(event.target), [...event.dataTransfer.files]);
  });
}
