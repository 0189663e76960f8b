/**
 * The bench: Stowage side by side with what people would pick instead. See docs/performance.md.
 */
import { writeFileSync } from 'node:fs'
import { type Command, parseCommand, usage } from './command-line.ts'
import type { Goal, PartResult } from './part.ts'
import { goalList, machine, type Report, tables } from './report.ts'

async function bench({ parts, long, rounds, only, json }: Command): Promise<void> {
  if (process.platform !== 'linux') throw new Error('the bench measures by what the kernel of Linux tells of a process')
  const write = json === '-' ? () => undefined : (text: string) => process.stdout.write(`${text}\n`)
  const say = (line: string) => process.stderr.write(`  ${line}\n`)
  const results: Record<string, PartResult> = {}
  const goals: Goal[] = []
  for (const part of parts) {
    say(`${part.name}: ${part.about}`)
    const result = await part.run({ long, rounds, only, say })
    results[part.name] = result
    goals.push(...result.goals)
    write(tables(result.rows))
  }
  if (goals.length > 0) write(`Goals\n${goalList(goals)}`)
  const report: Report = { machine: machine(), form: long ? 'long' : 'short', parts: results }
  const text = `${JSON.stringify(report, undefined, 2)}\n`
  if (json === '-') process.stdout.write(text)
  else if (json !== undefined) writeFileSync(json, text)
}

// What was taken is given back when the process ends, and a signal is to end it in the usual way.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130))

try {
  const command = parseCommand(process.argv.slice(2))
  if (command === undefined) process.stdout.write(usage)
  else await bench(command)
} catch (error) {
  process.stderr.write(`bench: ${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = 1
}
