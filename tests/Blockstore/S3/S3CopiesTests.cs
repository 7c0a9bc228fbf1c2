using Backup.Blockstore;
using Backup.Blockstore.Grooming;
using Backup.Blockstore.Packs;
using Backup.Blockstore.S3;
using Backup.Blockstore.Shared;
using Backup.Foundation.Errors;
using Backup.Tests.Blockstore.Shared;
using Shouldly;
using Xunit;

namespace Backup.Tests.Blockstore.S3;

/// <summary>Blocks that two processes have put at the same time stand in two packs; and packs that are listed, and not there.</summary>
public sealed class S3CopiesTests
{
    private readonly MemoryBlobs _blobs = new();

    private static byte[] Twice { get; } = Data.Random(3000, 1000);

    private static BlockId TwiceId => BlockId.Of(Twice);

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_copy_is_given_up_only_where_another_one_is_whole(bool isGone)
    {
        await using var other = await OpenAsync();
        await using var store = await OpenAsync();
        var mostlyDead = await PutAsync(other, 0, 1, 2, 3, 4);
        var own = await PutAsync(store, 5);
        // The groom counts on the copy in its own pack, which nobody has read since.
        _blobs.Spoil(own, bytes => isGone ? null : Flip(bytes));
        store.GroomWaiting = other.BeatAsync;

        await store.GroomAsync(new Roots(isGone ? [TwiceId] : [TwiceId, BlockId.Of(Data.Random(3000, 5))]), All);

        _blobs.Keys("packs/").ShouldNotContain(mostlyDead);
        await ShouldReadAsync(store);
        await ShouldReadAsync(other);
        await using var third = await OpenAsync();
        await ShouldReadAsync(third);

        async Task<string> PutAsync(IDrivenStore by, params int[] more)
        {
            var before = _blobs.Keys("packs/");
            await by.PutAsync(Twice);
            foreach (var n in more)
            {
                await by.PutAsync(Data.Random(3000, n));
            }

            await by.FlushAsync();
            return _blobs.Keys("packs/").Except(before).Single();
        }
    }

    [Fact]
    public async Task Where_one_copy_is_gone_the_other_one_is_read()
    {
        await using var other = await OpenAsync();
        await using var store = await OpenAsync();
        foreach (var one in new[] { store, other })
        {
            await one.PutAsync(Twice);
            await one.FlushAsync();
        }

        await store.ListAsync().ToListAsync();
        var packs = _blobs.Keys("packs/");
        packs.Count.ShouldBe(2);
        foreach (var gone in packs)
        {
            var saved = Array.Empty<byte>();
            _blobs.Spoil(gone, bytes => (saved = bytes) is null ? bytes : null);
            await ShouldReadAsync(store);
            await _blobs.PutAsync(gone, saved, default);
        }
    }

    [Fact]
    public async Task A_list_that_is_made_again_after_its_pack_was_removed_lets_nobody_rely_on_the_pack()
    {
        await using var store = await OpenAsync();
        await using var other = await OpenAsync();
        await store.PutAsync(Twice);
        await store.FlushAsync();
        var list = _blobs.Keys("index/").ShouldHaveSingleItem();
        var content = Array.Empty<byte>();
        _blobs.Spoil(list, bytes => content = bytes);
        other.GroomWaiting = store.BeatAsync;
        await other.GroomAsync(new Roots([]), All);
        _blobs.Keys("index/").ShouldBeEmpty();

        // The request had no reply, and was on its way for that long; then its process was killed.
        (await _blobs.TryCreateAsync(list, content, isLocked: true, default)).ShouldBeTrue();

        (await other.ContainsAsync(TwiceId)).ShouldBeFalse();
        (await other.PutAsync(Twice)).IsNew.ShouldBeTrue();
        await other.FlushAsync();
        await ShouldReadAsync(store);
        var findings = new List<StoreFinding>();
        await other.CheckAsync(findings.Add);
        findings.ShouldHaveSingleItem().Where.ShouldBe(list.Replace("index/", "packs/", StringComparison.Ordinal));
        await other.GroomAsync(new Roots([TwiceId]), All);
        _blobs.Keys("index/").ShouldNotContain(list, "nothing needs what only it names");
        findings.Clear();
        (await other.CheckAsync(findings.Add)).Findings.ShouldBe(0);
    }

    [Fact]
    public async Task Whoever_publishes_what_a_groom_has_removed_is_told()
    {
        var store = await OpenAsync();
        await store.PutAsync(Twice);
        _blobs.BeforePut = key =>
        {
            if (key.StartsWith("index/", StringComparison.Ordinal))
            {
                _blobs.Spoil(key.Replace("index/", "packs/", StringComparison.Ordinal), static _ => null);
            }

            return Task.CompletedTask;
        };

        await Should.ThrowAsync<BackupException>(() => store.FlushAsync());

        store.HasStopped.ShouldBeTrue();
        _blobs.Keys("index/").ShouldBeEmpty();
        await store.KillAsync();
    }

    private static GroomOptions All => new() { MaxDeadShare = 0, MinPackDeadShare = 0 };

    private static byte[] Flip(byte[] bytes)
    {
        bytes[PackFormat.HeaderLength + BlockHeader.Length + 50] ^= 8;
        return bytes;
    }

    private static async Task ShouldReadAsync(IDrivenStore store)
    {
        using var content = await store.GetAsync(TwiceId);
        content.Memory.Span.SequenceEqual(Twice).ShouldBeTrue();
    }

    private async Task<IDrivenStore> OpenAsync() =>
        await S3BlockStore.OpenAsync(
            _blobs,
            new S3StoreOptions
            {
                Bucket = "memory",
                Sharing = new SharedStoreOptions { BeatInterval = TimeSpan.FromSeconds(1) },
            },
            CancellationToken.None
        );
}
