/**
 * Results as tables for people, and as JSON for everything else.
 */
import { arch, availableParallelism, platform } from 'node:os'
import type { Figures, Goal, PartResult, Row } from './part.ts'

export interface Report {
  readonly machine: { readonly cores: number; readonly platform: string; readonly node: string }
  readonly form: 'short' | 'long'
  readonly parts: Readonly<Record<string, PartResult>>
}

export const machine = (): Report['machine'] => ({
  cores: availableParallelism(),
  platform: `${platform()} ${arch()}`,
  node: process.version,
})

/** A table for each piece of work: a line for each contestant, a column for each figure. */
export function tables(rows: readonly Row[]): string {
  const works = [...new Set(rows.map(({ work }) => work))]
  return works
    .map((work) =>
      table(
        work,
        rows.filter((row) => row.work === work),
      ),
    )
    .join('\n')
}

function table(work: string, rows: readonly Row[]): string {
  const columns = [...new Set(rows.flatMap(({ figures }) => Object.keys(figures)))] as (keyof Figures)[]
  const [main] = columns
  const base = rows.find(({ name }) => name === 'Stowage')?.figures
  const compared = main !== undefined && base !== undefined && rows.length > 1
  const header = [work, ...columns, ...(compared ? [`${main} to Stowage's`] : [])]
  const lines = rows.map(({ name, figures }) => [
    name,
    ...columns.map((column) => shown(figures[column])),
    ...(compared ? [shown((figures[main] ?? Number.NaN) / (base[main] ?? Number.NaN))] : []),
  ])
  return `${aligned([header, ...lines])}\n`
}

export function goalList(goals: readonly Goal[]): string {
  return aligned(
    goals.map(({ text, value, atMost, atLeast }) => [
      verdict({ text, value, atMost, atLeast } as Goal),
      text,
      shown(value),
      atMost === undefined ? `(at least ${atLeast})` : `(at most ${atMost})`,
    ]),
    1,
  )
}

function verdict({ value, atMost = Number.POSITIVE_INFINITY, atLeast = Number.NEGATIVE_INFINITY }: Goal): string {
  if (value === undefined) return 'not measured'
  return value <= atMost && value >= atLeast ? 'met' : 'MISSED'
}

function shown(value: number | undefined): string {
  if (value === undefined || Number.isNaN(value)) return ''
  if (Math.abs(value) >= 100) return String(Math.round(value))
  return value.toFixed(Math.abs(value) >= 10 ? 1 : 2)
}

/** The first columns are text, and are aligned to the left. */
function aligned(lines: readonly (readonly string[])[], lastTextColumn = 0): string {
  const widths = (lines[0] ?? []).map((_, column) => Math.max(...lines.map((line) => (line[column] ?? '').length)))
  return lines
    .map((line) =>
      line
        .map((cell, column) =>
          column <= lastTextColumn ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0),
        )
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}
