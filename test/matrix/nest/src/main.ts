import 'reflect-metadata';
import { join } from 'node:path';
import { Injectable, Module, type OnModuleDestroy } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Balancer, tasks } from 'leastwork';

const { twice } = tasks<typeof import('./tasks')>(join(__dirname, 'tasks.js'));

@Injectable()
class Sums implements OnModuleDestroy {
  readonly #balancer = new Balancer({ workers: 1 });

  twice(n: number): Promise<number> {
    return this.#balancer.submit(twice, [n]);
  }

  onModuleDestroy(): Promise<void> {
    return this.#balancer.close();
  }
}

@Module({ providers: [Sums] })
class App {}

async function main(): Promise<void> {
  const app = await NestFactory.createApplicationContext(App, { logger: false });
  if ((await app.get(Sums).twice(21)) !== 42) process.exitCode = 1;
  await app.close();
}

void main();
