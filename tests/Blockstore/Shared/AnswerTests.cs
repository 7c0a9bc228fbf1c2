using Backup.Blockstore;
using Backup.Blockstore.Grooming;
using Backup.Blockstore.Shared;
using Backup.Foundation.Errors;
using Backup.Tests.Blockstore.S3;
using Backup.Tests.Support;
using Shouldly;
using Xunit;

namespace Backup.Tests.Blockstore.Shared;

/// <summary>Work that ends just between what its session says it holds and the epoch that it says goes with that.</summary>
public sealed class AnswerTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task What_a_head_was_for_a_moment_and_was_recorded_as_is_not_lost(bool beatsBeforeTheOthers)
    {
        var blobs = new MemoryBlobs();
        var place = new S3WorldPlace(blobs);
        var sharing = new SharedStoreOptions
        {
            BeatInterval = TimeSpan.FromDays(1),
            SilenceLimit = TimeSpan.FromDays(1),
            ForgetLimit = TimeSpan.FromDays(7),
            Time = new ManualTime(),
        };
        await using var grooms = await place.OpenAsync(sharing);
        await using var keeps = await place.OpenAsync(sharing);
        var head = new StrongHead();
        using var ofHead = keeps.Holds.Keep(head.Roots);

        // It is being flushed as the groom begins.
        var work = keeps.Holds.Begin();
        var leaf = await keeps.PutAsync(Leaf(1));
        var first = await keeps.PutAsync(WorldBlocks.PageOf([leaf.Id]));
        await keeps.FlushAsync();
        var answers = 0;
        blobs.BeforePut = key =>
        {
            if (key == $"held/{keeps.Session:N}" && answers++ == 0 && !beatsBeforeTheOthers)
            {
                EndFlush();
            }

            return Task.CompletedTask;
        };
        grooms.GroomWaiting = async () =>
        {
            await keeps.BeatAsync();
            if (beatsBeforeTheOthers && head.Now is null)
            {
                // It has answered; others have not.
                EndFlush();
                await keeps.BeatAsync();
            }
        };
        BlockId? recorded = null;
        var roots = new Recorded(
            grooms,
            () => recorded,
            async () =>
            {
                // Recorded after the roots were listed; and the head has gone on.
                recorded = first.Id;
                using var next = keeps.Holds.Begin();
                head.Now = (await keeps.PutAsync(Leaf(2))).Id;
            }
        );
        var report = await grooms.GroomAsync(roots, new GroomOptions { MaxDeadShare = 0, MinPackDeadShare = 0 });

        report.Findings.ShouldBeEmpty();
        answers.ShouldBe(2);
        (await WorldBlocks.ReachAsync(grooms, recorded!.Value)).Count.ShouldBe(2);
        await keeps.FlushAsync();

        void EndFlush()
        {
            head.Now = first.Id;
            work.Dispose();
        }
    }

    [Fact]
    public async Task An_answer_that_a_delayed_request_puts_over_the_last_one_ends_the_groom()
    {
        var blobs = new MemoryBlobs();
        var place = new S3WorldPlace(blobs);
        var sharing = new SharedStoreOptions
        {
            BeatInterval = TimeSpan.FromDays(1),
            SilenceLimit = TimeSpan.FromDays(1),
            ForgetLimit = TimeSpan.FromDays(7),
            Time = new ManualTime(),
        };
        await using var grooms = await place.OpenAsync(sharing);
        await using var keeps = await place.OpenAsync(sharing);
        var head = new StrongHead();
        using var ofHead = keeps.Holds.Keep(head.Roots);
        BlockId leaf;
        using (keeps.Holds.Begin())
        {
            leaf = (await keeps.PutAsync(Leaf(1))).Id;
            await keeps.FlushAsync();
        }

        var key = $"held/{keeps.Session:N}";
        byte[]? earlier = null;
        grooms.GroomWaiting = async () =>
        {
            await keeps.BeatAsync();
            blobs.Spoil(key, now => earlier ??= now);
        };
        var roots = new Recorded(
            grooms,
            () => leaf,
            () =>
            {
                head.Now = leaf;
                return Task.CompletedTask;
            }
        );
        var options = new GroomOptions { MaxDeadShare = 0, MinPackDeadShare = 0 };
        (await Should.ThrowAsync<BackupException>(() => grooms.GroomAsync(roots, options))).Number.ShouldBe(
            BlockstoreErrors.GroomLost
        );

        // The next one is asked for, and answered, as ever.
        grooms.GroomWaiting = () => keeps.BeatAsync();
        (await grooms.GroomAsync(roots, options)).Findings.ShouldBeEmpty();
        (await WorldBlocks.ReachAsync(grooms, leaf)).Count.ShouldBe(1);
    }

    private static byte[] Leaf(int seed)
    {
        var raw = Data.Random(2000, seed);
        raw[0] = WorldBlocks.Leaf;
        return raw;
    }

    private sealed class StrongHead
    {
        internal BlockId? Now { get; set; }

        internal IEnumerable<BlockId> Roots() => Now is { } now ? [now] : [];
    }

    private sealed class Recorded(IBlockStore store, Func<BlockId?> recorded, Func<Task> afterList) : IBlockRoots
    {
        public async Task<IReadOnlyList<BlockRoot>> ListAsync(CancellationToken cancellation = default)
        {
            IReadOnlyList<BlockRoot> listed = recorded() is { } there ? [new BlockRoot(there, "head")] : [];
            await afterList();
            return listed;
        }

        public Task TraceAsync(BlockId root, IBlockMarks marks, CancellationToken cancellation = default) =>
            GroomWorld.MarkAsync(store, root, marks);
    }
}
