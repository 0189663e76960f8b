/**
 * Runs a shell command with curl as a reader would, against a demo with the containers and files
 * that the documents mention.
 */
import { spawnSync } from 'node:child_process'
import { readersDirectory } from './run.js'

export interface RequestResult {
  /** The exit code of the shell. */
  readonly code: number | null
  /** The status of the response that curl received. */
  readonly status: number
  readonly output: string
}

const files = ['2024/cat.jpg', 'cat.jpg', 'a.txt', 'b.txt']
/** Every transfer ends with its status on the standard error. */
const settings = 'silent\nshow-error\nwrite-out = "%{stderr}\\nstatus %{http_code}\\n"\n'
const reader = new Map([
  ['cat.jpg', 'a cat'],
  ['dog.jpg', 'a dog'],
  ['README.md', '# Read me'],
])

/** Whether all the programs that the line calls are on this machine. */
export function canRun(command: string): boolean {
  const programs = ['curl', ...(command.match(/\b(?:openssl|base64|tar)\b/g) ?? [])]
  return programs.every((program) => spawnSync('sh', ['-c', `command -v ${program}`]).status === 0)
}

/** Runs the line in a directory of its own. */
export async function runRequest(command: string, url: string): Promise<RequestResult> {
  await furnish(`${url}/api/containers`)
  // curl -O writes no file over one that is there.
  const local = /\s-\w*O/.test(command) ? [] : reader
  await using directory = await readersDirectory(new Map([...local, ['.curlrc', settings]]))
  const script = command.replaceAll(/(?:http:\/\/)?(?:127\.0\.0\.1|localhost):3000/g, url)
  const { status, stdout, stderr } = spawnSync('sh', ['-e', '-c', script], {
    cwd: directory.path,
    env: { ...process.env, CURL_HOME: directory.path },
    encoding: 'utf8',
    timeout: 30_000,
  })
  return {
    code: status,
    status: Number(/^status (\d+)$/m.exec(stderr)?.[1]),
    output: `${script}\n${stdout}${stderr}`,
  }
}

/**
 * The containers and files that the documents take for granted; what is there already stays as it
 * is.
 */
async function furnish(containers: string): Promise<void> {
  for (const name of ['photos', 'other', 'backup']) {
    const headers = { 'Content-Type': 'application/json' }
    await fetch(containers, { method: 'POST', headers, body: JSON.stringify({ name }) })
  }
  for (const name of files) {
    const headers = { 'If-None-Match': '*' }
    await fetch(`${containers}/photos/files/${name}`, { method: 'PUT', headers, body: name })
  }
}
