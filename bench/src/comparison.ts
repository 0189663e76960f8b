/**
 * Contestants side by side: all servers are started, then each does the work in turn, round after
 * round, so that what else happens on the machine meets all of them alike.
 */
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { GiB } from './content.ts'
import type { Contestant } from './contestants.ts'
import { generateLoad } from './load/load.ts'
import type { LoadOrder, LoadResult } from './load/order.ts'
import type { Figures, Row, Settings } from './part.ts'
import { Server } from './server.ts'
import { median } from './statistics.ts'

/** A contestant that runs. */
export interface Running {
  readonly contestant: Contestant
  readonly server: Server
  /** The folder of the files of the container `bench`. */
  readonly folder: string
  /** MiB: what the server has when it listens and has done nothing. */
  readonly idle: number
}

export type Work = (running: Running, round: number) => Omit<LoadOrder, 'port'> | undefined

/** A piece of work that is measured. */
export interface Step {
  readonly title: string
  readonly work: Work
  readonly figures: (runs: readonly Run[]) => Figures
  /** Called after each run, to check its result and to delete it. */
  readonly settle?: (running: Running, load: LoadResult) => Promise<void>
}

/** One round's measurement of one contestant. */
export interface Run {
  readonly load: LoadResult
  /** Seconds. */
  readonly processor: number
  /**
   * MiB: the most during the round, and what the server had when it listened and had done nothing.
   */
  readonly peak: number
  readonly idle: number
}

export class Comparison implements AsyncDisposable {
  readonly #settings: Settings
  readonly #running: Running[]

  private constructor(settings: Settings, running: Running[]) {
    this.#settings = settings
    this.#running = running
  }

  /**
   * Starts the available contestants, each with its own root below the path. `prepare` fills the
   * folder before the start.
   */
  static async start(
    settings: Settings,
    path: string,
    contestants: readonly Contestant[],
    prepare: (folder: string) => Promise<void> = async () => undefined,
  ): Promise<Comparison> {
    const comparison = new Comparison(settings, [])
    try {
      for (const contestant of contestants) {
        if (!isWanted(contestant, settings)) continue
        const root = join(path, contestant.name.replaceAll(/\W/g, '-'))
        const folder = join(root, 'bench')
        await mkdir(folder, { recursive: true })
        await prepare(folder)
        const launch = await contestant.launch(root)
        if (launch === undefined) continue
        const server = await Server.start(launch)
        comparison.#running.push({ contestant, folder, server, idle: server.figures.residentMemory() })
      }
    } catch (error) {
      await comparison[Symbol.asyncDispose]()
      throw error
    }
    return comparison
  }

  /**
   * Does a piece of work with every contestant that it has an order for. The first, uncounted round
   * is what the servers warm up with.
   */
  async measure(
    title: string,
    work: Work,
    figures: (runs: readonly Run[]) => Figures,
    options: Pick<Step, 'settle'> & { readonly warmUp?: Work | false; readonly rounds?: number } = {},
  ): Promise<Row[]> {
    const { settle, ...others } = options
    return await this.measureMixed([{ title, work, figures, ...(settle && { settle }) }], others)
  }

  /** Does several pieces of work, one after the other, in every round with every contestant. */
  async measureMixed(
    steps: readonly Step[],
    options: { readonly warmUp?: Work | false; readonly rounds?: number } = {},
  ): Promise<Row[]> {
    const { warmUp, rounds = this.#settings.rounds } = options
    const runs = steps.map(() => new Map<Running, Run[]>())
    for (let round = warmUp === false ? 0 : -1; round < rounds; round++) {
      for (const running of this.#running) {
        for (const [index, { title, work, settle }] of steps.entries()) {
          const order = ((round === -1 && warmUp) || work)(running, round)
          if (order === undefined) continue
          if (round <= 0) this.#settings.say(`${title}: ${running.contestant.name}${round === -1 ? ' (warm-up)' : ''}`)
          const run = await runOnce(running, order)
          await settle?.(running, run.load)
          const done = runs[index] as Map<Running, Run[]>
          if (round >= 0) done.set(running, [...(done.get(running) ?? []), run])
        }
      }
    }
    return steps.flatMap(({ title, figures }, index) =>
      Array.from(runs[index] as Map<Running, Run[]>, ([{ contestant }, done]) => ({
        work: title,
        name: contestant.name,
        rounds: done.length,
        figures: figures(done),
      })),
    )
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { server } of this.#running) await server.stop()
  }
}

function isWanted({ name }: Contestant, { only }: Settings): boolean {
  const lower = name.toLowerCase()
  return only.length === 0 || lower === 'stowage' || only.some((wanted) => lower.includes(wanted.toLowerCase()))
}

async function runOnce({ server, contestant, idle }: Running, order: Omit<LoadOrder, 'port'>): Promise<Run> {
  server.figures.forgetPeak()
  const processor = server.figures.processorTime()
  try {
    const load = await generateLoad({ ...order, port: server.port })
    return { load, processor: server.figures.processorTime() - processor, peak: server.figures.peakMemory(), idle }
  } catch (error) {
    throw new Error(`${contestant.name}: ${error instanceof Error ? error.message : String(error)}`)
  }
}

const medianOf = (runs: readonly Run[], of: (run: Run) => number) => median(runs.map(of))

/** The figures of moving large bodies. */
export const transferFigures = (runs: readonly Run[]): Figures => ({
  'CPU s/GiB': medianOf(runs, ({ processor, load }) => processor / ((load.received + load.sent) / GiB)),
  'wall s': medianOf(runs, ({ load }) => load.wall),
  'peak MiB': medianOf(runs, ({ peak }) => peak),
  'above idle MiB': medianOf(runs, ({ peak, idle }) => peak - idle),
})

/** The figures of many small requests. */
export const requestFigures = (runs: readonly Run[]): Figures => ({
  'CPU µs/request': medianOf(runs, ({ processor, load }) => (processor * 1e6) / load.requests),
  'requests/s': medianOf(runs, ({ load }) => load.requests / load.wall),
  'p50 ms': medianOf(runs, ({ load }) => load.p50),
  'p99 ms': medianOf(runs, ({ load }) => load.p99),
  'peak MiB': medianOf(runs, ({ peak }) => peak),
  ...(runs[0]?.load.generatorLoad === undefined
    ? {}
    : { 'generator load': medianOf(runs, ({ load }) => load.generatorLoad ?? 0) }),
})

/** The figures of one request at a time, each of them a heavy one. */
export const heavyRequestFigures = (runs: readonly Run[]): Figures => ({
  'CPU ms': medianOf(runs, ({ processor, load }) => (processor * 1e3) / load.requests),
  'p50 ms': medianOf(runs, ({ load }) => load.p50),
  'peak MiB': medianOf(runs, ({ peak }) => peak),
  'above idle MiB': medianOf(runs, ({ peak, idle }) => peak - idle),
})
