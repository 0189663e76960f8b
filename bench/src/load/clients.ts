/**
 * Clients that people use: curl for one large body, wrk for many small requests.
 */
import { execFile } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { content } from '../content.ts'
import { findProgram, withLibraries } from '../peers.ts'
import type { LoadOrder, LoadResult } from './order.ts'

const run = promisify(execFile)

/** Makes one request with curl. */
export async function curl(order: LoadOrder): Promise<LoadResult> {
  const { port, request, expected, contentFile } = order
  const { method, path, headers = {}, body } = request
  const args = ['-sS', '-o', '/dev/null', '-X', method, '-w', '%{http_code} %{size_download} %{time_total}']
  if (body !== undefined) {
    if (body.fileName === undefined) {
      for (const [name, value] of Object.entries(headers)) args.push('-H', `${name}: ${value}`)
      args.push('-T', contentFile as string)
    } else {
      args.push('-F', `file=@${contentFile};filename=${body.fileName};type=application/octet-stream`)
    }
  }
  const program = (await findProgram('curl')) as string
  const { stdout } = await run(program, [...args, `http://127.0.0.1:${port}${path}`])
  const [status = 0, bytes = 0, wall = 0] = stdout.split(' ').map(Number)
  if (!expected.status.includes(status) || (expected.bytes !== undefined && expected.bytes !== bytes)) {
    throw new Error(`the response had the status ${status} and ${bytes} bytes`)
  }
  return { requests: 1, wall, received: bytes, sent: body?.size ?? 0, p50: wall * 1000, p99: wall * 1000 }
}

/**
 * Makes requests for a while with wrk. Uploads get names with numbers, from the first number on.
 */
export async function wrk(order: LoadOrder): Promise<LoadResult> {
  const { port, connections, until } = order
  if (!('milliseconds' in until)) throw new Error('wrk runs for a time')
  const program = (await findProgram('wrk')) as string
  const base = join(tmpdir(), `stowage-bench-${randomUUID()}`)
  try {
    await writeFile(`${base}.bin`, content.subarray(0, order.request.body?.size ?? 0))
    await writeFile(`${base}.lua`, script(order, `${base}.bin`))
    // wrk takes whole seconds.
    const seconds = Math.max(1, Math.round(until.milliseconds / 1000))
    const args = ['-t1', `-c${connections}`, `-d${seconds}s`, '-s', `${base}.lua`, `http://127.0.0.1:${port}`]
    const { stdout } = await run(program, args, { env: withLibraries(program) })
    const [requests = 0, wall = 0, bytes = 0, errors = 0, p50 = 0, p99 = 0] = (stdout.split('RESULT ')[1] ?? '')
      .split(' ')
      .map(Number)
    if (requests === 0 || errors > 0) throw new Error(`wrk: ${errors} of ${requests} requests failed:\n${stdout}`)
    return {
      requests,
      wall: wall / 1e6,
      received: bytes,
      sent: requests * (order.request.body?.size ?? 0),
      p50: p50 / 1e3,
      p99: p99 / 1e3,
    }
  } finally {
    await rm(`${base}.bin`, { force: true })
    await rm(`${base}.lua`, { force: true })
  }
}

/**
 * wrk is written in C, and takes its requests from a Lua script. The JSON strings of these texts
 * are valid in Lua.
 */
function script({ request, firstNumber = 0 }: LoadOrder, file: string): string {
  const { method, path, headers = {}, body } = request
  const fields = Object.entries(headers).map(([name, value]) => `[${JSON.stringify(name)}] = ${JSON.stringify(value)}`)
  return `
local number = ${firstNumber}
local content = io.open(${JSON.stringify(file)}, "rb"):read("*a")
local headers = { ${fields.join(', ')} }
function request()
  local text = tostring(number)
  number = number + 1
  local path = (string.gsub(${JSON.stringify(path)}, "{n}", text))
  local body
  ${body === undefined ? '' : `body = string.gsub(${JSON.stringify(body.prefix ?? '')}, "{n}", text) .. content .. ${JSON.stringify(body.suffix ?? '')}`}
  return wrk.format("${method}", path, headers, body)
end
function done(summary, latency)
  local errors = summary.errors.connect + summary.errors.read + summary.errors.write + summary.errors.status
  print(string.format("RESULT %d %d %d %d %d %d", summary.requests, summary.duration, summary.bytes, errors,
    latency:percentile(50), latency:percentile(99)))
end
`
}
