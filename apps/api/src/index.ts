import 'reflect-metadata';

export { BadConfig, readConfig, type Config } from './config.js';
export { createApp, type App, type Overrides } from './create-app.js';
export { openApiDocument } from './openapi/document.js';
