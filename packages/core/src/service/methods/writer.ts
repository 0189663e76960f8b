/** Stores a body as a file, under the rules of a policy if there is one. */
import { checkFlag, checkLocation, checkSizes, checkWrite } from '../../checks/arguments.js'
import { invalid } from '../../checks/invalid.js'
import type { Capabilities } from '../../contract/capabilities.js'
import type { FileLocation, WrittenFile } from '../../contract/files.js'
import { announcedFile, tooLargeRefusal } from '../../policy/checkpoints.js'
import type { CompiledPolicy } from '../../policy/compile.js'
import { writeUnderPolicy } from '../../policy/policed-write.js'
import type { PutTarget } from '../../policy/write-job.js'
import type { BodyRules, CheckedBody } from '../../upload/body.js'
import {
  contentTypeByContent,
  contentTypeByName,
  detectionBytes,
  unknownContentType,
} from '../../upload/content-type.js'
import { upload } from '../../upload/uploader.js'
import type { ServiceContext } from '../context.js'
import type { Body, WriteOptions } from '../options.js'

/** What is reserved in the quota of a policy. */
interface Reserved {
  readonly id: string
  readonly expires?: Date
}

export function putFile(
  context: ServiceContext,
  place: FileLocation,
  body: Body,
  options: WriteOptions,
  reservation?: Reserved,
): Promise<WrittenFile> {
  const { container, file } = place
  const { provider, operations, retry } = context
  const check = () => checkedWrite(context, place, options)
  return operations.send('putFile', place, options, body, check, (source, checked, signal) => {
    const { write, policy, contentType, tuning } = checked
    const put = (contentType: string) => {
      const attributes = { ...write.attributes, contentType }
      return upload({ provider, retry, container, file, source, options: { ...write, signal, attributes }, tuning })
    }
    const putDetected = (contentType: string | undefined) =>
      contentType === undefined ? typeOfContent(source).then(put) : put(contentType)
    if (policy === undefined) return putDetected(contentType)
    const putTo = ({ contentType: found = contentType, held }: PutTarget) => {
      if (held === undefined) return putDetected(found)
      const { checksums } = write
      const attributes = { contentType: unknownContentType, metadata: {} }
      const options = { signal, checksums, attributes, conditions: {}, native: {} }
      return upload({ provider, retry, ...held, source, options, tuning })
    }
    const announced = announcedFile(place, { contentType: write.attributes.contentType, size: source.size })
    const job = { provider, retry, policy, file: announced, source, options: { ...write, signal }, put: putTo }
    return writeUnderPolicy(reservation === undefined ? job : { ...job, reservation })
  })
}

function checkedWrite(context: ServiceContext, place: FileLocation, options: WriteOptions) {
  const { capabilities } = context
  checkLocation(place, capabilities)
  const policy = context.policyFor(options)
  const write = checkWrite(options, capabilities)
  const { size, maxSize = capabilities.maxFileSize } = checkSizes(options)
  const rules = bodyRules(policy, place, { size, maxSize, checksums: write.checksums }, capabilities)
  const { onProgress } = options
  if (onProgress !== undefined && typeof onProgress !== 'function') {
    throw invalid('onProgress', 'onProgress must be a function')
  }
  const detects = checkFlag('detectContentType', options.detectContentType, true)
  const contentType = write.attributes.contentType ?? (detects ? contentTypeByName(place.file) : unknownContentType)
  return { write, rules, policy, contentType, tuning: context.tuningFor(options), onProgress }
}

/** Returns the rules of a body: the smallest limit of its size holds. */
function bodyRules(
  policy: CompiledPolicy | undefined,
  place: FileLocation,
  rules: BodyRules & { readonly maxSize: number },
  { maxFileSize }: Capabilities,
): BodyRules {
  const maxSize = Math.min(rules.maxSize, maxFileSize)
  const limit = policy?.maxSize
  if (limit === undefined || limit > maxSize) return { ...rules, maxSize }
  return { ...rules, maxSize: limit, tooLarge: () => tooLargeRefusal(announcedFile(place, rules), limit) }
}

const typeOfContent = async (source: CheckedBody): Promise<string> =>
  (await contentTypeByContent(await source.peek(detectionBytes))) ?? unknownContentType
