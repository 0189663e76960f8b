/**
 * Writes that are aborted at a certain point.
 */
import type { Body } from '../../../index.js'
import type { CaseContext } from '../../run/context.js'
import { bytes, pieces, stallingAfter } from '../../tools/content.js'
import type { FaultyProvider } from '../../tools/faulty-provider.js'

/** A write that never ends by itself, and calls `abort` when it reaches its point. */
export type Way = (context: CaseContext, file: string, signal: AbortSignal, abort: () => void) => Promise<unknown>

const put = (context: CaseContext, faulty: FaultyProvider, file: string, body: Body, signal: AbortSignal) =>
  context
    .over(faulty, { partSize: context.partSize })
    .putFile(context.container, file, body, { signal, parallelism: 2 })

export const beforeTheFirstByte: Way = (context, file, signal, abort) =>
  put(context, context.faulty(), file, stallingAfter([], abort), signal)

export const withinAPut: Way = (context, file, signal, abort) =>
  put(context, context.faulty(), file, stallingAfter([bytes(20_000), bytes(20_000)], abort), signal)

export const withinAPutOfBytes: Way = (context, file, signal, abort) =>
  put(context, context.faulty().stall('putFile', abort), file, bytes(20_000), signal)

export const withinAPart: Way = (context, file, signal, abort) =>
  put(
    context,
    context.inParts().stall('uploadPart', abort, 2),
    file,
    pieces(bytes(6 * context.partSize), 30_000),
    signal,
  )

export const withinTheLastPart: Way = (context, file, signal, abort) => {
  const faulty = context.inParts().on('uploadPart', (proceed, ...args) => proceed(...args), 2)
  return put(context, faulty.stall('uploadPart', abort), file, bytes(2 * context.partSize + 1), signal)
}

export const betweenParts: Way = (context, file, signal, abort) => {
  const part = bytes(context.partSize)
  return put(context, context.inParts(), file, stallingAfter([part, part, part.subarray(0, 10)], abort), signal)
}

export const duringTheStart: Way = (context, file, signal, abort) =>
  put(context, context.inParts().stall('startUpload', abort), file, bytes(3 * context.partSize), signal)

export const duringCompletion: Way = (context, file, signal, abort) =>
  put(context, context.inParts().stall('completeUpload', abort), file, bytes(3 * context.partSize), signal)

export const inParts = { withinAPart, withinTheLastPart, betweenParts, duringTheStart, duringCompletion }

export const waysOf = ({ capabilities }: CaseContext): Readonly<Record<string, Way>> => ({
  beforeTheFirstByte,
  withinAPut,
  withinAPutOfBytes,
  ...(capabilities.parts === false ? {} : inParts),
})
