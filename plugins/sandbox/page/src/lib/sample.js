// A picture and a sound to send when none is at hand, made here.

export function picture() {
  const canvas = document.createElement("canvas");
  canvas.width = 240;
  canvas.height = 160;
  const pen = canvas.getContext("2d");
  const sky = pen.createLinearGradient(0, 0, 0, 160);
  sky.addColorStop(0, "#0b1f3a");
  sky.addColorStop(1, "#2f6f8f");
  pen.fillStyle = sky;
  pen.fillRect(0, 0, 240, 160);
  pen.fillStyle = "#f4efd8";
  pen.beginPath();
  pen.arc(170, 60, 28, 0, 2 * Math.PI);
  pen.fill();
  pen.fillStyle = "#14304d";
  pen.beginPath();
  pen.arc(158, 54, 26, 0, 2 * Math.PI);
  pen.fill();
  return new Promise((resolve) => canvas.toBlob((blob) => resolve(new File([blob], "sample.png", { type: "image/png" }))));
}

// A second of 440 Hz, 8 kHz, 8 bits.
export function sound() {
  const rate = 8000;
  const bytes = new DataView(new ArrayBuffer(44 + rate));
  const put = (at, text) => [...text].forEach((c, i) => bytes.setUint8(at + i, c.charCodeAt(0)));
  put(0, "RIFF");
  bytes.setUint32(4, 36 + rate, true);
  put(8, "WAVEfmt ");
  bytes.setUint32(16, 16, true);
  bytes.setUint16(20, 1, true);
  bytes.setUint16(22, 1, true);
  bytes.setUint32(24, rate, true);
  bytes.setUint32(28, rate, true);
  bytes.setUint16(32, 1, true);
  bytes.setUint16(34, 8, true);
  put(36, "data");
  bytes.setUint32(40, rate, true);
  for (let i = 0; i < rate; i++) bytes.setUint8(44 + i, 128 + Math.round(60 * Math.sin((2 * Math.PI * 440 * i) / rate)));
  return new File([bytes.buffer], "sample.wav", { type: "audio/wav" });
}

export async function base64(file) {
  const bytes = new Uint8Array(await file.arrayBuffer());
  let text = "";
  for (let i = 0; i < bytes.length; i += 32768) text += String.fromCharCode(...bytes.subarray(i, i + 32768));
  return btoa(text);
}
