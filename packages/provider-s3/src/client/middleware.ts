/** Changes to the SDK's requests. */
import { createHash } from 'node:crypto'
import type {
  $Command,
  S3Client,
  S3ClientResolvedConfig,
  ServiceInputTypes,
  ServiceOutputTypes,
} from '@aws-sdk/client-s3'

/** The part of an HTTP request that the rules use. */
interface Request {
  readonly protocol: string
  readonly headers: Record<string, string>
  readonly body?: unknown
}

const isRequest = (value: unknown): value is Request =>
  typeof value === 'object' && value !== null && 'headers' in value && 'protocol' in value

const bodyCommands: ReadonlySet<string | undefined> = new Set(['PutObjectCommand', 'UploadPartCommand'])

/** Adds headers that the SDK omits, before each request is signed. */
export function addTransportRules(client: S3Client, { checksums }: { readonly checksums: boolean }): void {
  client.middlewareStack.add(
    (next, context) => (args) => {
      const { request } = args
      if (isRequest(request)) {
        // TLS protects the body, so a hash for the signature is not needed.
        if (bodyCommands.has(context.commandName) && request.protocol === 'https:') {
          request.headers['x-amz-content-sha256'] = 'UNSIGNED-PAYLOAD'
        }
        // Several servers support no other checksum of a batch deletion.
        if (context.commandName === 'DeleteObjectsCommand' && typeof request.body === 'string') {
          request.headers['content-md5'] = createHash('md5').update(request.body).digest('base64')
        }
        // Set here instead of in the command, so that the SDK does not verify the stream.
        if (checksums && context.commandName === 'GetObjectCommand') request.headers['x-amz-checksum-mode'] = 'ENABLED'
      }
      return next(args)
    },
    { step: 'build', name: 'stowageTransportRules', priority: 'low' },
  )
}

/**
 * Removes the checksum that the SDK adds to a command. Of a URL that is signed, it would be that of
 * an empty body.
 */
export function withoutChecksum<Input extends ServiceInputTypes, Output extends ServiceOutputTypes>(
  command: $Command<Input, Output, S3ClientResolvedConfig>,
): $Command<Input, Output, S3ClientResolvedConfig> {
  command.middlewareStack.add(
    (next) => (args) => {
      const { request } = args
      if (isRequest(request)) {
        for (const name of Object.keys(request.headers)) {
          if (/^x-amz-(?:sdk-)?checksum-/.test(name)) delete request.headers[name]
        }
      }
      return next(args)
    },
    { step: 'build', name: 'stowageWithoutChecksum', priority: 'low' },
  )
  return command
}
