#!/usr/bin/env node
/** The program: runs the suite against a URL, and prints the result. */
import { parseCommand, usage } from './command-line.js'
import { allCases } from './suite/cases.js'
import type { CaseResult } from './suite/result.js'
import { runSuite } from './suite/run.js'
import { caseText, summaryText } from './suite/text.js'

const print = (text: string): void => void process.stdout.write(`${text}\n`)

async function main(): Promise<number> {
  const command = parseCommand(process.argv.slice(2))
  if (command === 'help') {
    process.stdout.write(usage)
    return 0
  }
  if (command === 'list') {
    for (const { id, level, title } of allCases) print(`${id}  ${level}  ${title}`)
    return 0
  }
  const { url, options, json } = command
  const onCase = (result: CaseResult) => {
    if (!json) print(caseText(result))
  }
  const result = await runSuite(url, { ...options, onCase })
  print(json ? JSON.stringify(result, undefined, 2) : `\n${summaryText(result)}`)
  return result.cases.some(({ level, outcome }) => level === 'must' && outcome === 'failed') ? 1 : 0
}

try {
  process.exitCode = await main()
} catch (error) {
  process.stderr.write(`upload-conformance: ${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = 2
}
