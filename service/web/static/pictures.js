// The size of a picture from its header, and requests without the pictures in them: only headers are sent.
const FRAMES = new Set([0xc0, 0xc1, 0xc2, 0xc3, 0xc5, 0xc6, 0xc7, 0xc9, 0xca, 0xcb, 0xcd, 0xce, 0xcf]);
const MIN_BASE64 = 200;
// The frame of a JPEG may come after long colour profiles and previews.
export const MAX_HEADER_BYTES = 1_048_576;
const MAX_HEADER_BASE64 = (MAX_HEADER_BYTES / 3 | 0) * 4;
// All others have the size at a fixed place before this.
const PLAIN_HEADER_BYTES = 33;

// Returns the part of the bytes that has the size, with width and height; null if this is no such picture.
export function headerOf(bytes) {
  if (bytes.length < 26) return null;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const name = (from, to) => String.fromCharCode(...bytes.subarray(from, to));
  const [width, height, kept] = sizeOf(bytes, view, name) ?? [0, 0];
  return width > 0 && height > 0 ? { width, height, bytes: kept ?? bytes.slice(0, PLAIN_HEADER_BYTES) } : null;
}

function sizeOf(bytes, view, name) {
  if (name(1, 4) === "PNG" && name(12, 16) === "IHDR") return [view.getUint32(16), view.getUint32(20)];
  if (/^GIF8[79]a$/.test(name(0, 6))) return [view.getUint16(6, true), view.getUint16(8, true)];
  if (name(0, 2) === "BM") return bitmap(view);
  if (name(0, 4) === "RIFF" && name(8, 12) === "WEBP" && bytes.length >= 30) return webp(view, name(12, 16));
  return bytes[0] === 0xff && bytes[1] === 0xd8 ? jpeg(bytes, view) : null;
}

function bitmap(view) {
  if (view.getUint32(14, true) === 12) return [view.getUint16(18, true), view.getUint16(20, true)];
  return [view.getInt32(18, true), Math.abs(view.getInt32(22, true))];
}

function webp(view, kind) {
  const short = (at) => view.getUint16(at, true);
  const side = (at) => 1 + short(at) + (view.getUint8(at + 2) << 16);
  if (kind === "VP8X") return [side(24), side(27)];
  if (kind === "VP8 " && short(24) === 0x2a01) return [short(26) & 0x3fff, short(28) & 0x3fff];
  const bits = view.getUint32(21, true);
  return kind === "VP8L" && view.getUint8(20) === 0x2f ? [1 + (bits & 0x3fff), 1 + (bits >> 14 & 0x3fff)] : null;
}

// Walks from segment to segment up to the frame, which is all that is kept.
function jpeg(bytes, view) {
  let at = 2;
  while (at + 9 <= bytes.length && bytes[at] === 0xff) {
    const marker = bytes[at + 1];
    if (FRAMES.has(marker)) {
      const kept = new Uint8Array([0xff, 0xd8, ...bytes.subarray(at, at + 2 + view.getUint16(at + 2))]);
      return [view.getUint16(at + 7), view.getUint16(at + 5), kept];
    }
    if (marker === 0xff) at += 1;
    else if (marker === 1 || (marker >= 0xd0 && marker <= 0xd7)) at += 2;
    else at += 2 + view.getUint16(at + 2);
  }
  return null;
}

// Returns a request in which base64 of pictures is cut to their headers. Its lines stay what they are.
export function withoutPictures(text) {
  return text.split('"').map(cut).join('"');
}

function cut(piece) {
  if (piece.length < MIN_BASE64) return piece;
  const start = piece.startsWith("data:") ? piece.indexOf(",") + 1 : 0;
  // Some encoders of JSON escape slashes.
  const data = piece.slice(start, start + MAX_HEADER_BASE64).replaceAll("\\/", "/");
  if (/[^A-Za-z0-9+/=]/.test(data)) return piece;
  try {
    const whole = data.slice(0, data.length - data.length % 4);
    const header = headerOf(Uint8Array.from(atob(whole), (letter) => letter.charCodeAt(0)));
    return header ? piece.slice(0, start) + btoa(String.fromCharCode(...header.bytes)) : piece;
  } catch {
    // This is no base64 after all: it is sent as it is.
    return piece;
  }
}
