/** Stores one body under a policy. */
import type { WrittenFile } from '../contract/files.js'
import { checkAnnounced, checkHead, headLength } from './checkpoints.js'
import type { CompiledPolicy } from './compile.js'
import { Inspection } from './inspection.js'
import { storeThroughQuarantine } from './quarantine.js'
import { isFinalRefusal } from './refusal.js'
import { Reservation } from './reservation.js'
import type { PolicedWrite } from './write-job.js'

/** Whether a rule needs more than the head. The size of a body is counted in any case. */
const followsBody = ({ scans, quotas, quarantine }: CompiledPolicy): boolean =>
  scans.length > 0 || quotas.length > 0 || quarantine !== undefined

/** Stores the body if it meets the rules. Nothing is visible before. */
export async function writeUnderPolicy(job: PolicedWrite): Promise<WrittenFile> {
  const { provider, policy, file, source, options, put } = job
  const { signal } = options
  if (!followsBody(policy)) {
    const type = await checkAnnounced(policy, file)
    const length = headLength(policy)
    if (length === 0) return put({ contentType: type })
    const head = await source.peek(length)
    const isWhole = head.length < length || head.length === file.size
    const checked = await checkHead(policy, file, type, head, isWhole)
    if (checked.dimensions === undefined) return put({ contentType: checked.type })
  }
  const reservation = new Reservation(policy, file, signal, job.reservation)
  const inspection = new Inspection(policy, file, reservation, signal)
  try {
    await inspection.announce()
    const contentType = await inspection.open(source)
    const written =
      policy.quarantine === undefined
        ? await put({ contentType })
        : await storeThroughQuarantine({ ...job, quarantine: policy.quarantine, inspection, contentType })
    await reservation.settle(written.size, provider.name)
    return written
  } catch (error) {
    inspection.stop(error)
    if (job.reservation === undefined || isFinalRefusal(error)) await reservation.release(provider.name)
    throw error
  }
}
