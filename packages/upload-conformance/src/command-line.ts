/** The arguments of the program. */
import { parseArgs } from 'node:util'
import type { TargetOptions } from './suite/options.js'

export const usage = `Usage: upload-conformance [options] URL

Tests the server of resumable uploads at the URL, where clients create uploads: tus 1.0.0, and the
IETF's Resumable Uploads for HTTP. A case that needs something that the server does not offer is not
counted.

Options:
  --content TEMPLATE   where complete files can be read; {name} is replaced by the file's name,
                       {upload} by the URL of the upload. Without it, contents are not compared
  --header 'NAME: VALUE'
                       sent with every request; can be repeated
  --interop VERSION    the version of the IETF's drafts (Upload-Draft-Interop-Version). Default: 8;
                       "none" sends none
  --only PREFIX        runs the cases whose ids begin with this, such as tus/ or ietf/append/
  --timeout SECONDS    for each response. Default: 30
  --json               prints the result as JSON
  --list               prints the cases, and runs none
  --help               prints this text

Examples:
  upload-conformance http://localhost:1080/files --content '{upload}'
  upload-conformance https://example.com/uploads --header 'Authorization: Bearer abc' --json

Exit codes:
  0  no case of the level "must" failed
  1  at least one of them failed
  2  wrong arguments, or the server cannot be reached
`

export interface Command {
  readonly url: string
  readonly options: TargetOptions & { readonly only?: string | undefined }
  readonly json: boolean
}

/** Draft 09 to 11, and the editors' copy of July 2026. */
const defaultInterop = '8'

/** Returns what to run; a word for what to print. Throws for wrong arguments. */
export function parseCommand(args: readonly string[]): Command | 'help' | 'list' {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      content: { type: 'string' },
      header: { type: 'string', multiple: true, default: [] },
      interop: { type: 'string', default: defaultInterop },
      only: { type: 'string' },
      timeout: { type: 'string' },
      json: { type: 'boolean', default: false },
      list: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  })
  if (values.help) return 'help'
  if (values.list) return 'list'
  const [url, ...more] = positionals
  if (url === undefined || more.length > 0) throw new Error('exactly one URL is required')
  if (!/^https?:\/\//.test(url) || !URL.canParse(url)) throw new Error(`"${url}" is not an http or https URL`)
  const { content, only, timeout, interop, json } = values
  const options = {
    headers: Object.fromEntries(values.header.map(parseHeader)),
    content,
    only,
    timeout: timeout === undefined ? undefined : wholeNumber('--timeout', timeout) * 1000,
    interop: interop === 'none' ? undefined : wholeNumber('--interop', interop),
  }
  return { url, options, json }
}

function parseHeader(text: string): [string, string] {
  const [, name, value] = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):\s*(.*)$/.exec(text) ?? []
  if (name === undefined || value === undefined) throw new Error(`--header "${text}" must be "Name: value"`)
  return [name, value]
}

function wholeNumber(option: string, text: string): number {
  if (/^[1-9]\d{0,5}$/.test(text)) return Number(text)
  throw new Error(`${option} must be a whole number from 1, not "${text}"`)
}
