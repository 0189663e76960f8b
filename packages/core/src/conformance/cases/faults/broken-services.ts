/**
 * Q. Faults of a real service: the errors that the provider makes of them.
 *
 * The other cases of this category inject errors, and test what core makes of them: retries,
 * resumed downloads and codes. These cases test the provider: the service itself fails, in a way
 * that the harness arranges.
 */
import assert from 'node:assert/strict'
import { tmpdir } from 'node:os'
import { inspect } from 'node:util'
import { errorCodes, type StorageError, type StorageErrorCode } from '../../../provider.js'
import { type ConformanceCase, needsFault } from '../../run/case.js'
import type { CaseContext } from '../../run/context.js'
import type { ServiceFault } from '../../run/harness.js'
import { bytes } from '../../tools/content.js'
import { rejects } from '../../tools/expectations.js'
import { calledMethods, providerCalls, targetsOf } from '../../tools/provider-calls.js'

/** Asserts that message, JSON, inspection and cause of the error contain no secret and no path. */
function revealsNothing({ secrets }: CaseContext, error: StorageError, method: string): void {
  const shown = [error.message, JSON.stringify(error), inspect(error, { depth: 20, showHidden: true })]
  for (const text of shown) {
    for (const secret of secrets) assert.ok(!text.includes(secret), `${error.code} of ${method} contains a secret`)
    const withoutStack = text.replaceAll(/^\s+at .*$/gm, '')
    assert.ok(!withoutStack.includes(tmpdir()), `${error.code} of ${method} contains a path: ${withoutStack}`)
  }
}

/** A case in which every call fails with one of these codes. */
const everyCallFails = (
  id: string,
  name: string,
  fault: ServiceFault,
  ...codes: readonly [StorageErrorCode, ...StorageErrorCode[]]
): ConformanceCase => ({
  id,
  name,
  needs: needsFault(fault),
  async run(context) {
    const provider = await context.brokenProvider(fault)
    for (const method of calledMethods(provider)) {
      const call = providerCalls(provider, await targetsOf(context, method, method))[method]
      const error = await rejects(call?.(context.call.signal) ?? assert.fail(method), ...codes).catch(
        (cause: unknown) => {
          throw new assert.AssertionError({ message: `${method}: ${String(cause)}` })
        },
      )
      revealsNothing(context, error, method)
    }
  },
})

const temporary = (Object.keys(errorCodes) as StorageErrorCode[]).filter((code) => errorCodes[code].retry !== 'never')

export const brokenServices: readonly ConformanceCase[] = [
  everyCallFails(
    'Q.25',
    'an unreachable service: every call fails with a code that allows a retry',
    'unreachable',
    ...(temporary as [StorageErrorCode, ...StorageErrorCode[]]),
  ),
  {
    id: 'Q.26',
    name: 'a full service: a write fails with NO_SPACE, and the previous version stays',
    needs: needsFault('full'),
    async run(context) {
      const provider = await context.brokenProvider('full')
      const storage = context.over(provider)
      const container = context.containerName()
      await storage.createContainer({ name: container })
      const old = bytes(100)
      await storage.putFile(container, 'old', old)
      for (const file of ['old', 'new']) {
        const error = await rejects(storage.putFile(container, file, bytes(16 * 1024 * 1024)), 'NO_SPACE')
        revealsNothing(context, error, 'putFile')
      }
      assert.deepEqual(await (await storage.openFile(container, 'old')).bytes(), old)
      assert.equal(await storage.hasFile(container, 'new'), false)
      await storage.destroyContainer(container)
    },
  },
  everyCallFails(
    'Q.27',
    'a busy service: every call fails with UNAVAILABLE or RATE_LIMITED',
    'busy',
    'UNAVAILABLE',
    'RATE_LIMITED',
  ),
  everyCallFails(
    'Q.28',
    'a service that rejects the credentials: every call fails with UNAUTHENTICATED or PERMISSION_DENIED',
    'refused',
    'UNAUTHENTICATED',
    'PERMISSION_DENIED',
  ),
]
