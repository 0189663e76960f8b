/**
 * J. Conditional writes and removals of several processes.
 */
import assert from 'node:assert/strict'
import { all, type ConformanceCase, needs } from '../../run/case.js'
import type { CaseContext } from '../../run/context.js'
import type { StorageProcess } from '../../tools/storage-process.js'
import type { Task } from '../../tools/storage-tasks.js'

/** The processes of a race. */
export const processes = 3

/** Starts the processes, runs the same task in all of them, and returns how often it succeeded. */
async function race(context: CaseContext, task: Task): Promise<number> {
  return raceOf(await context.startProcesses(processes), task)
}

/** Runs the same task in all processes, and returns how often it succeeded. */
export async function raceOf(started: readonly StorageProcess[], task: Task): Promise<number> {
  const counts = await Promise.all(started.map((other) => other.run(task)))
  return counts.reduce((sum, count) => sum + count, 0)
}

const fileNames = (count: number) => Array.from({ length: count }, (_, index) => `file ${index}`)

export const otherProcesses: readonly ConformanceCase[] = [
  {
    id: 'J.16',
    name: 'exactly one of three processes creates each file',
    needs: all(needs.atomicCreate, needs.otherProcess),
    async run(context) {
      const files = fileNames(50)
      assert.equal(await race(context, { name: 'create', files }), files.length, 'successful writes of 50 files')
      assert.equal((await context.names()).length, files.length)
    },
  },
  {
    id: 'J.17',
    name: 'counters in three processes lose no increment',
    needs: all(needs.atomicUpdate, needs.otherProcess),
    async run(context) {
      await context.put('counter', '0')
      const total = await race(context, { name: 'count', file: 'counter', times: 50 })
      assert.equal(String(await context.read('counter')), String(total))
    },
  },
  {
    id: 'J.18',
    name: 'exactly one of three processes removes each version',
    needs: all(needs.atomicRemove, needs.otherProcess),
    async run(context) {
      const started = await context.startProcesses(processes)
      let [removed, written] = [0, 0]
      // In rounds, so that the processes begin at the same time again.
      for (let round = 0; round < 8; round++) {
        const versions: [string, string][] = []
        for (const file of fileNames(15)) versions.push([file, (await context.put(file)).etag])
        written += versions.length
        removed += await raceOf(started, { name: 'remove', versions })
      }
      assert.equal(removed, written, 'successful removals, and versions')
      assert.deepEqual(await context.names(), [])
    },
  },
]
