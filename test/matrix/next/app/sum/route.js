import { Balancer } from 'leastwork';

export const dynamic = 'force-dynamic';

export async function GET() {
  try {
    const balancer = new Balancer({ workers: 1 });
    const sum = await balancer.submit((a, b) => a + b, [1, 2]);
    await balancer.close();
    return new Response(`sum ${sum}`);
  } catch (error) {
    return new Response(`${error.code}: ${error.message}`);
  }
}
