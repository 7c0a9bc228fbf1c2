using Backup.Blockstore;
using Backup.Blockstore.Grooming;
using Backup.Blockstore.Shared;
using Backup.Tests.Blockstore.Mongo;
using Backup.Tests.Blockstore.S3;
using Backup.Tests.Support;
using Shouldly;
using Xunit;

namespace Backup.Tests.Blockstore.Shared;

/// <summary>What a process made durable after a groom had listed roots, before it died: another one takes hold of it after its last answer, and it is given up.</summary>
public sealed class StruckOffTests(SandboxPlace sandbox) : IClassFixture<SandboxPlace>
{
    private static readonly TimeSpan Silence = TimeSpan.FromMinutes(2);

    [Fact]
    public Task On_the_sandbox() => CheckAsync(new MongoWorldPlace(sandbox));

    [Fact]
    public Task On_a_bucket_in_memory() => CheckAsync(new S3WorldPlace(new MemoryBlobs()));

    private static async Task CheckAsync(IWorldPlace place)
    {
        var time = new ManualTime();
        var sharing = new SharedStoreOptions
        {
            BeatInterval = TimeSpan.FromDays(1),
            SilenceLimit = Silence,
            ForgetLimit = TimeSpan.FromDays(7),
            Fence = new Fence(),
            Time = time,
        };
        await using var grooms = await place.OpenAsync(sharing);
        await using var reads = await place.OpenAsync(sharing);
        var dies = await place.OpenAsync(sharing);
        var leaf = Leaf();
        var put = await grooms.PutAsync(leaf);
        await grooms.FlushAsync();
        (await dies.ContainsAsync(put.Id)).ShouldBeTrue();

        var roots = new Listed(grooms);
        BlockHold? reader = null;
        var lists = 0;
        roots.AfterList = async () =>
        {
            if (++lists > 1)
            {
                return;
            }

            // It finds the leaf there, and commits just after the roots were listed.
            using var work = dies.Holds.Begin();
            var child = await dies.PutAsync(leaf);
            child.IsNew.ShouldBeFalse();
            roots.Durable.Add((await dies.PutAsync(WorldBlocks.PageOf([child.Id]))).Id);
            await dies.FlushAsync();
            await dies.KillAsync();
        };
        grooms.GroomWaiting = async () =>
        {
            time.Advance(Silence / 4);
            await reads.BeatAsync();
            if (lists == 0)
            {
                await dies.BeatAsync();
            }
            else if (roots.Durable.Count > 0 && ++roots.Waits > 2)
            {
                // It has answered; then a restore of that snapshot begins, and the snapshot is deleted.
                reader = reads.Holds.Keep([roots.Durable[0]]);
                roots.Taken = roots.Durable[0];
                roots.Durable.Clear();
            }
        };
        var report = await grooms.GroomAsync(roots, new GroomOptions { MaxDeadShare = 0, MinPackDeadShare = 0 });

        reader.ShouldNotBeNull();
        lists.ShouldBe(2);
        report.Findings.ShouldBeEmpty();
        (await WorldBlocks.ReachAsync(reads, roots.Taken!.Value)).Count.ShouldBe(2);
        reader.Dispose();
        grooms.GroomWaiting = async () =>
        {
            time.Advance(Silence / 4);
            await reads.BeatAsync();
        };
        await grooms.GroomAsync(roots, new GroomOptions { MaxDeadShare = 0, MinPackDeadShare = 0 });
        (await grooms.ListAsync().ToListAsync()).ShouldBeEmpty();
        await place.ExpectNothingLeftAsync([]);
    }

    private static byte[] Leaf()
    {
        var raw = Data.Random(2000, 1);
        raw[0] = WorldBlocks.Leaf;
        return raw;
    }

    private sealed class Listed(IBlockStore store) : IBlockRoots
    {
        internal List<BlockId> Durable { get; } = [];

        internal BlockId? Taken { get; set; }

        internal int Waits { get; set; }

        internal Func<Task> AfterList { get; set; } = static () => Task.CompletedTask;

        public async Task<IReadOnlyList<BlockRoot>> ListAsync(CancellationToken cancellation = default)
        {
            IReadOnlyList<BlockRoot> listed = [.. Durable.Select(static (id, n) => new BlockRoot(id, $"root {n}"))];
            await AfterList();
            return listed;
        }

        public Task TraceAsync(BlockId root, IBlockMarks marks, CancellationToken cancellation = default) =>
            GroomWorld.MarkAsync(store, root, marks);
    }
}
