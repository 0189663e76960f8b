/**
 * Every entry of every package, in a program that checks their declarations too. It is compiled by
 * the oldest and by the newest TypeScript that the packages support.
 */
export * as core from '@stowage/core'
export * as clamd from '@stowage/core/clamd'
export * as conformance from '@stowage/core/conformance'
export * as loopbackConnector from '@stowage/loopback-connector'
export * as loopback4 from '@stowage/loopback-connector/loopback4'
export * as azure from '@stowage/provider-azure'
export * as filesystem from '@stowage/provider-fs'
export * as memory from '@stowage/provider-memory'
export * as openstack from '@stowage/provider-openstack'
export * as rackspace from '@stowage/provider-rackspace'
export * as s3 from '@stowage/provider-s3'
export * as restExpress from '@stowage/rest-express'
export * as swift from '@stowage/swift'
export * as uploadConformance from '@stowage/upload-conformance'
