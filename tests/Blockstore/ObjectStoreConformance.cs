using Backup.Blockstore;
using Backup.Blockstore.Files;
using Backup.Foundation.Errors;
using Shouldly;
using Xunit;

namespace Backup.Tests.Blockstore;

/// <summary>What every <see cref="IObjectStore"/> promises.</summary>
public abstract class ObjectStoreConformance : IDisposable
{
    protected TemporaryFolder Folder { get; } = new();

    protected abstract IObjectStore Store { get; }

    public void Dispose() => Folder.Dispose();

    [Fact]
    public async Task An_object_is_stored_replaced_and_deleted_whole()
    {
        foreach (var content in new byte[][] { [], [1, 2, 3], Data.Random(300_000, 1) })
        {
            await Store.PutAsync("a/b/c.zst", content);
            using var read = await Store.GetAsync("a/b/c.zst");
            read.Memory.Span.SequenceEqual(content).ShouldBeTrue();
        }

        await Store.DeleteAsync("a/b/c.zst");
        await Store.DeleteAsync("a/b/c.zst");
        (await Should.ThrowAsync<BackupException>(() => Store.GetAsync("a/b/c.zst"))).Number.ShouldBe(
            BlockstoreErrors.ObjectMissing
        );
    }

    [Fact]
    public async Task A_prefix_lists_and_deletes_what_is_below_it_only()
    {
        foreach (var name in new[] { "a/1", "a/b/2", "ab/3" })
        {
            await Store.PutAsync(name, new byte[1]);
        }

        (await NamesAsync("a/")).ShouldBe(["a/1", "a/b/2"]);
        await Store.DeletePrefixAsync("a/");
        await Store.DeletePrefixAsync("a/");
        (await NamesAsync("")).ShouldBe(["ab/3"]);
    }

    [Theory]
    [InlineData("")]
    [InlineData("/a")]
    [InlineData("a//b")]
    [InlineData("a/")]
    [InlineData("../a")]
    [InlineData("a/../../b")]
    [InlineData("a/.hidden")]
    [InlineData("a b")]
    [InlineData("a\0b")]
    [InlineData("a.tmp~")]
    public async Task A_name_that_leaves_the_store_is_refused(string name)
    {
        (await Should.ThrowAsync<BackupException>(() => Store.PutAsync(name, new byte[1]))).Number.ShouldBe(
            BlockstoreErrors.ObjectName
        );
        (await Should.ThrowAsync<BackupException>(() => Store.GetAsync(name))).Number.ShouldBe(
            BlockstoreErrors.ObjectName
        );
    }

    [Fact]
    public async Task No_name_is_an_object_and_a_prefix_at_once()
    {
        await Store.PutAsync("a/b", new byte[1]);
        foreach (var name in new[] { "a", "a/b/c", "a/b/c/d" })
        {
            (await Should.ThrowAsync<BackupException>(() => Store.PutAsync(name, new byte[1]))).Number.ShouldBe(
                BlockstoreErrors.ObjectName
            );
        }

        await Store.PutAsync("a/bc", new byte[1]);
        (await NamesAsync("")).ShouldBe(["a/b", "a/bc"]);
    }

    [Fact]
    public async Task Puts_side_by_side_into_folders_that_come_and_go_all_arrive()
    {
        for (var round = 0; round < 3; round++)
        {
            await Task.WhenAll(
                Enumerable.Range(0, 24).Select(n => Store.PutAsync($"x/{n % 3}/{n}", new[] { (byte)n }))
            );
            (await NamesAsync("x/")).Count.ShouldBe(24);
            await Store.DeletePrefixAsync("x/");
            (await NamesAsync("")).ShouldBeEmpty();
        }
    }

    private async Task<List<string>> NamesAsync(string prefix)
    {
        var names = new List<string>();
        await foreach (var name in Store.ListAsync(prefix))
        {
            names.Add(name);
        }

        return [.. names.Order(StringComparer.Ordinal)];
    }
}

public sealed class FileObjectConformance : ObjectStoreConformance
{
    private FileObjectStore? _store;

    protected override IObjectStore Store => _store ??= new FileObjectStore(Folder.Path);

    [Fact]
    public async Task What_a_killed_process_left_half_written_is_removed()
    {
        await Store.PutAsync("a/1", new byte[1]);
        var leftover = Path.Combine(Folder.Path, "a", "2.0123.tmp~");
        File.WriteAllBytes(leftover, [1]);
        _ = new FileObjectStore(Folder.Path);
        File.Exists(leftover).ShouldBeFalse();
    }
}

public sealed class MemoryObjectConformance : ObjectStoreConformance
{
    protected override IObjectStore Store { get; } = new MemoryObjectStore();
}
