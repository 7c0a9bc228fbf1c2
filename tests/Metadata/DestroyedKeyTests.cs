using System.Security.Cryptography;
using Backup.Metadata;
using Backup.Metadata.Sqlite;
using Shouldly;
using Xunit;

namespace Backup.Tests.Metadata;

/// <summary>Keys that were destroyed are in no file of the database any more.</summary>
public sealed class DestroyedKeyTests : IDisposable
{
    private const int Groups = 40;

    private readonly TemporaryFolder _folder = new();
    private readonly List<byte[]> _boxes = [];

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task No_byte_of_a_destroyed_key_is_left_however_often_it_was_wrapped_before()
    {
        await using var store = await SqliteMetadataStore.OpenAsync(_folder.File("metadata.db"));
        var groups = new List<Group>();
        for (var n = 0; n < Groups; n++)
        {
            groups.Add(await store.Access.EnsureGroupAsync($"g{n}"));
            await store.GroupKeys.AddAsync([NewKey(groups[n].Id, 1), NewKey(groups[n].Id, 2)]);
        }

        // Pages are filled, split and left meanwhile.
        for (var round = 0; round < 3; round++)
        {
            var keys = await store.GroupKeys.ListAsync();
            await store.GroupKeys.RewrapAsync([
                .. keys.Select(key => key with { Master = $"master {round}", Box = NewBox() }),
            ]);
        }

        var ofFirst = (await store.GroupKeys.ListAsync()).Where(key => key.GroupId == groups[0].Id).ToList();
        Found(ofFirst.Select(static key => key.Box)).ShouldBe(2);
        // A reader that looks on meanwhile keeps nothing from being swept.
        using var stop = new CancellationTokenSource();
        var reading = Task.Run(async () =>
        {
            while (!stop.IsCancellationRequested)
            {
                _ = await store.GroupKeys.ListAsync();
            }
        });
        await store.GroupKeys.DestroyAsync(groups[0].Id, DateTimeOffset.UnixEpoch);
        await stop.CancelAsync();
        await reading;
        Found(ofFirst.Select(static key => key.Box)).ShouldBe(0);
        // Nor of any wrapping of before, of whichever group.
        var there = (await store.GroupKeys.ListAsync()).Select(static key => Convert.ToHexString(key.Box)).ToHashSet();
        Found(_boxes.Where(box => !there.Contains(Convert.ToHexString(box)))).ShouldBe(0);
        Found(_boxes).ShouldBe(2 * (Groups - 1));
    }

    private GroupKeyRecord NewKey(string groupId, int generation) =>
        new(
            RandomNumberGenerator.GetHexString(16, lowercase: true),
            groupId,
            GroupKeyPurpose.Data,
            generation,
            DateTimeOffset.UnixEpoch,
            "master",
            NewBox()
        );

    private byte[] NewBox()
    {
        var box = RandomNumberGenerator.GetBytes(73);
        _boxes.Add(box);
        return box;
    }

    /// <summary>How many of them are in a file, by any sixteen bytes in their midst.</summary>
    private int Found(IEnumerable<byte[]> boxes)
    {
        var files = Directory
            .EnumerateFiles(_folder.Path)
            .Select(static path =>
            {
                using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
                using var copy = new MemoryStream();
                stream.CopyTo(copy);
                return copy.ToArray();
            })
            .ToList();
        return boxes.Count(box =>
            new[] { 0, 20, 57 }.Any(at => files.Exists(file => file.AsSpan().IndexOf(box.AsSpan(at, 16)) >= 0))
        );
    }
}
