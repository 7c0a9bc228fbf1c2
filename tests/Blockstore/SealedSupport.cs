using Backup.Blockstore.Sealing;
using Backup.Foundation.Errors;
using Backup.Foundation.Secrets;

namespace Backup.Tests.Blockstore;

/// <summary>Wrapped keys in memory, which can be made to fail: before a change is kept, or after it.</summary>
internal sealed class KeysInMemory : IWrappedKeys
{
    private readonly Lock _gate = new();
    private List<WrappedKey> _keys = [];
    private readonly List<DestroyedKey> _destroyed = [];

    private Func<Task>? _beforeAdd;

    /// <summary>Does <paramref name="second"/>, and when it is about to add its key, the first.</summary>
    internal async Task BeforeAdd(Func<Task> first, Func<Task> second)
    {
        _beforeAdd = first;
        await second();
    }

    /// <summary>Throws before the next change.</summary>
    internal bool FailsBefore { get; set; }

    /// <summary>Throws after the next change, which is kept: as a process that is killed between the two.</summary>
    internal bool FailsAfter { get; set; }

    internal IReadOnlyList<WrappedKey> Keys
    {
        get
        {
            lock (_gate)
            {
                return _keys.ToList();
            }
        }
    }

    public Task<IReadOnlyList<WrappedKey>> ListAsync(CancellationToken cancellation = default) => Task.FromResult(Keys);

    public Task<IReadOnlyList<DestroyedKey>> DestroyedAsync(CancellationToken cancellation = default)
    {
        lock (_gate)
        {
            return Task.FromResult<IReadOnlyList<DestroyedKey>>(_destroyed.ToList());
        }
    }

    /// <summary>As the catalogue: one key of each purpose and generation.</summary>
    public async Task AddAsync(IReadOnlyList<WrappedKey> keys, CancellationToken cancellation = default)
    {
        if (Interlocked.Exchange(ref _beforeAdd, null) is { } before)
        {
            await before();
        }

        await ChangeAsync(() =>
        {
            if (keys.Any(key => _keys.Exists(was => Place(was) == Place(key))))
            {
                throw new BackupException(6008, "It is there.", "Take the one that is there.");
            }

            _keys.AddRange(keys);
        });

        static (string, KeyPurpose, int) Place(WrappedKey key) => (key.Group, key.Purpose, key.Generation);
    }

    public Task ReplaceAsync(IReadOnlyList<WrappedKey> keys, CancellationToken cancellation = default) =>
        ChangeAsync(() => _keys = [.. _keys.Select(was => keys.FirstOrDefault(key => key.Id == was.Id) ?? was)]);

    public Task DestroyAsync(string group, DateTimeOffset at, CancellationToken cancellation = default) =>
        ChangeAsync(() =>
        {
            _destroyed.AddRange(
                _keys.Where(key => key.Group == group).Select(key => new DestroyedKey(group, key.Id, at))
            );
            _keys.RemoveAll(key => key.Group == group);
        });

    /// <summary>For tests of damage: another box in the place of one.</summary>
    internal void Spoil(KeyId id, Func<WrappedKey, WrappedKey> change)
    {
        lock (_gate)
        {
            _keys = [.. _keys.Select(key => key.Id == id ? change(key) : key)];
        }
    }

    private Task ChangeAsync(Action change)
    {
        lock (_gate)
        {
            if (FailsBefore)
            {
                FailsBefore = false;
                throw new IOException("killed before");
            }

            change();
            if (FailsAfter)
            {
                FailsAfter = false;
                throw new IOException("killed after");
            }
        }

        return Task.CompletedTask;
    }
}

internal static class Rings
{
    internal static MasterKey Master(byte first = 1) => new([first, .. new byte[31]]);

    internal static Task<KeyRing> OpenAsync(IWrappedKeys kept, byte master = 1, bool seals = true) =>
        KeyRing.OpenAsync(kept, [Master(master)], seals, TimeProvider.System);

    internal static async Task<SealingKey> KeyAsync(this KeyRing ring, string group) =>
        (await ring.SealerOfAsync(group)).Key!;
}
