/** Conversations as files, out and in. */
import { me } from "@/http/accounts";
import { HttpError } from "@/http/call";
import { lineReader } from "@/http/lines";

export const FORMATS = ["markdown", "json", "html"] as const;
export type Format = (typeof FORMATS)[number];

export interface ImportProgress {
  /** Sending the file counts to `total` bytes, reading it to `total` conversations. */
  phase: "sending" | "reading";
  done: number;
  total: number;
}

export interface ImportFailure {
  title: string;
  code: string;
  /** In English. */
  reason: string;
}

export interface ImportResult {
  imported: number;
  skipped: number;
  failed: ImportFailure[];
  more_failed?: number;
}

type Line = { done: number; total: number } | ImportResult | { error: { code: string; message: string } };

/** The browser takes it from here, and keeps it where it keeps such things. */
export async function download(format: Format, conversation?: string): Promise<void> {
  await me(); // a download shows no error and cannot renew its token
  const link = document.createElement("a");
  link.href = `/api/export?${new URLSearchParams({ format, ...(conversation && { conversation }) }).toString()}`;
  link.download = "";
  link.click();
}

/** Not by `fetch`, which cannot tell how much of a file has been sent. Throws HttpError. */
export async function importFile(file: Blob, told: (progress: ImportProgress) => void): Promise<ImportResult> {
  await me(); // a long upload that is refused at its end would have to be sent again
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    let result: ImportResult | null = null;
    let taken = 0;
    const read = lineReader((value) => {
      const line = value as Line;
      if ("done" in line) told({ phase: "reading", ...line });
      else if ("imported" in line) result = line;
      else reject(new HttpError(503, line.error));
    });
    request.upload.onprogress = ({ loaded, total }) => {
      told({ phase: "sending", done: loaded, total });
    };
    request.onprogress = () => {
      if (request.status !== 200) return;
      read(request.responseText.slice(taken));
      taken = request.responseText.length;
    };
    request.onload = () => {
      request.onprogress?.(new ProgressEvent("progress"));
      if (request.status !== 200) reject(refusal(request));
      else if (result) resolve(result);
      else reject(cutOff());
    };
    request.onerror = () => {
      reject(cutOff());
    };
    request.open("POST", "/api/import");
    request.send(file);
  });
}

function cutOff(): HttpError {
  return new HttpError(0, { code: "unreachable", message: "The server cannot be reached." });
}

/** A proxy has its own limit, and its own page to say so. */
function refusal(request: XMLHttpRequest): HttpError {
  try {
    const { error } = JSON.parse(request.responseText) as { error: { code: string; message: string } };
    return new HttpError(request.status, error);
  } catch {
    const code = request.status === 413 ? "too_large" : "unreachable";
    return new HttpError(request.status, { code, message: request.statusText });
  }
}
