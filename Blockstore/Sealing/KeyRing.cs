using System.Collections.Concurrent;
using System.Security.Cryptography;
using Backup.Foundation.Errors;
using Backup.Foundation.Secrets;

namespace Backup.Blockstore.Sealing;

/// <summary>
/// The keys of all groups, opened: each group's data keys, of which the newest seals and all of them open, and its id key. Thread-safe. A key is durable
/// before anything is sealed under it, and in use as soon as it is durable. Several processes may have a ring over the same keys: what one of them changes
/// the others take over with <see cref="RefreshAsync"/>, and a key that one made is found by another that meets it.
/// </summary>
public sealed class KeyRing : ISealingKeys, IDisposable
{
    // A store full of blocks that nobody has a key for is no reason to ask for each.
    private static readonly TimeSpan BetweenMisses = TimeSpan.FromSeconds(1);

    private readonly IWrappedKeys _kept;
    private readonly TimeProvider _time;
    private readonly ConcurrentDictionary<KeyId, SealingKey> _keys = new();
    private readonly ConcurrentDictionary<string, SealingKey> _newest = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<KeyId, DestroyedKey> _destroyed = new();
    private readonly SemaphoreSlim _changing = new(1, 1);
    private long _refreshed;

    // Those that keys are wrapped under: one, but for the moment after a rotation of which it is not known whether it was stored.
    private readonly Dictionary<string, MasterKey> _masters;
    private MasterKey? _master;

    private KeyRing(IWrappedKeys kept, IReadOnlyList<MasterKey> masters, bool seals, TimeProvider time)
    {
        _kept = kept;
        _masters = masters.ToDictionary(static one => one.Id, StringComparer.Ordinal);
        _master = masters is [{ } first, ..] ? first : null;
        Seals = seals && _master is not null;
        _time = time;
        _refreshed = time.GetTimestamp();
    }

    /// <summary>Whether what is put is sealed; what is sealed already is opened anyway.</summary>
    public bool Seals { get; }

    /// <summary>The name of the master key that new keys are wrapped under; null where there is none.</summary>
    public string? Master => Volatile.Read(ref _master)?.Id;

    /// <summary>Opens all keys, and changes nothing.</summary>
    /// <param name="kept">Where they are.</param>
    /// <param name="masters">The one that is used now, and others that they may be wrapped under (one that takes its place, say). The ring disposes them.</param>
    /// <param name="seals">Whether what is put is to be sealed; wants a master.</param>
    /// <param name="time">The clock.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <exception cref="BackupException">5032 where no master fits, 5033 where a key was changed.</exception>
    public static async Task<KeyRing> OpenAsync(
        IWrappedKeys kept,
        IReadOnlyList<MasterKey> masters,
        bool seals,
        TimeProvider time,
        CancellationToken cancellation = default
    )
    {
        KeyRing? ring = null;
        try
        {
            ring = new KeyRing(kept, Fitting(await kept.ListAsync(cancellation), masters), seals, time);
            await ring.TakeOverAsync(cancellation);
            return ring;
        }
        catch
        {
            ring?.Dispose();
            throw;
        }
        finally
        {
            foreach (var unused in masters.Where(one => ring is null || !ring._masters.ContainsValue(one)))
            {
                unused.Dispose();
            }
        }
    }

    public SealingKey Require(KeyId id, string what)
    {
        if (_keys.TryGetValue(id, out var key))
        {
            return key;
        }

        if (!_destroyed.ContainsKey(id))
        {
            LookAgain();
        }

        return _keys.TryGetValue(id, out key) ? key
            : _destroyed.TryGetValue(id, out var destroyed) ? throw BlockstoreErrors.KeyGone(id, destroyed.At, what)
            : throw BlockstoreErrors.NoKey(id, what);
    }

    /// <summary>Takes over what other processes have changed: keys that they made, and keys that they destroyed. A key under a master that is not here is left.</summary>
    /// <exception cref="BackupException">5033 where a key was changed.</exception>
    public async Task RefreshAsync(CancellationToken cancellation = default)
    {
        await _changing.WaitAsync(cancellation);
        try
        {
            await TakeOverAsync(cancellation);
        }
        finally
        {
            _changing.Release();
        }
    }

    /// <summary>What a block or object of that group is put with. The first time, its keys are made.</summary>
    /// <exception cref="BackupException">5034 where the group's keys were destroyed.</exception>
    public async ValueTask<BlockSealer> SealerOfAsync(string group, CancellationToken cancellation = default) =>
        !Seals ? BlockSealer.Plain
        : _newest.TryGetValue(group, out var key) ? new BlockSealer(key)
        : new BlockSealer(await AddGenerationAsync(group, onlyFirst: true, cancellation));

    /// <summary>What blocks of that group are put with that were sealed before, whether anything is sealed now; null where it has no keys.</summary>
    public BlockSealer? KnownSealerOf(string group) =>
        _newest.TryGetValue(group, out var key) ? new BlockSealer(key) : null;

    /// <exception cref="BackupException">5034 where the group's keys were destroyed.</exception>
    public void ThrowIfDestroyed(string group)
    {
        if (IsDestroyed(group))
        {
            throw BlockstoreErrors.GroupOver(group);
        }
    }

    /// <summary>A new generation of the group's data key: whatever is put from now on is sealed under it. Nothing is written anew.</summary>
    /// <exception cref="BackupException">5034 where the group's keys were destroyed, 5035 where it has none.</exception>
    public async Task<SealingKey> RotateAsync(string group, CancellationToken cancellation = default) =>
        _newest.ContainsKey(group) || IsDestroyed(group)
            ? await AddGenerationAsync(group, onlyFirst: false, cancellation)
            : throw BlockstoreErrors.NoGroupKeys(group);

    /// <summary>Wraps all keys under another master key: in one step, they are all wrapped under it or none is.</summary>
    /// <param name="next">The ring disposes it.</param>
    /// <param name="cancellation">Good until it begins.</param>
    /// <returns>How many keys were wrapped anew.</returns>
    /// <exception cref="BackupException">5033 where a key was changed.</exception>
    public async Task<int> RotateMasterAsync(MasterKey next, CancellationToken cancellation = default)
    {
        await _changing.WaitAsync(cancellation);
        try
        {
            if (_master is null)
            {
                throw BlockstoreErrors.NoMaster();
            }

            if (_masters.Remove(next.Id, out var same))
            {
                same.Dispose();
            }

            _masters.Add(next.Id, next);
            var others = (await _kept.ListAsync(cancellation)).Where(key => key.Master != next.Id).ToList();
            await _kept.ReplaceAsync([.. others.Select(key => Rewrap(key, next))], cancellation);
            Volatile.Write(ref _master, next);
            foreach (var last in _masters.Values.Where(one => one != next).ToList())
            {
                _masters.Remove(last.Id);
                last.Dispose();
            }

            return others.Count;
        }
        finally
        {
            _changing.Release();
        }
    }

    /// <summary>
    /// Destroys all keys of a group, for ever: what was sealed under them cannot be opened any more, by anybody, and nothing more is put for the group.
    /// </summary>
    /// <returns>How many keys there were.</returns>
    /// <exception cref="BackupException">5035 where the group has none.</exception>
    public async Task<int> DestroyAsync(string group, CancellationToken cancellation = default)
    {
        await _changing.WaitAsync(cancellation);
        try
        {
            var wrapped = (await _kept.ListAsync(cancellation)).Where(key => key.Group == group).ToList();
            if (wrapped.Count == 0)
            {
                throw BlockstoreErrors.NoGroupKeys(group);
            }

            var now = _time.GetUtcNow();
            await _kept.DestroyAsync(group, now, cancellation);
            foreach (var key in wrapped)
            {
                _destroyed[key.Id] = new DestroyedKey(group, key.Id, now);
            }

            Forget(group);
            return wrapped.Count;
        }
        finally
        {
            _changing.Release();
        }
    }

    /// <summary>The keys that there are, and those that were destroyed: names, no secrets.</summary>
    public async Task<KeyList> ListAsync(CancellationToken cancellation = default) =>
        new(await _kept.ListAsync(cancellation), await _kept.DestroyedAsync(cancellation));

    public void Dispose()
    {
        foreach (var key in _keys.Values)
        {
            key.Forget();
        }

        foreach (var master in _masters.Values)
        {
            master.Dispose();
        }
    }

    /// <summary>Those that are needed, in the order in which they are given; where none is needed the first, if any.</summary>
    private static IReadOnlyList<MasterKey> Fitting(IReadOnlyList<WrappedKey> wrapped, IReadOnlyList<MasterKey> masters)
    {
        if (wrapped.Count == 0)
        {
            return [.. masters.Take(1)];
        }

        var needed = wrapped.Select(static key => key.Master).Distinct(StringComparer.Ordinal).ToList();
        var fitting = masters.DistinctBy(static one => one.Id).Where(one => needed.Contains(one.Id)).ToList();
        return fitting.Count == needed.Count
            ? fitting
            : throw BlockstoreErrors.WrongMaster(needed, [.. masters.Select(static one => one.Id)]);
    }

    private WrappedKey Rewrap(WrappedKey key, MasterKey next)
    {
        Span<byte> secret = stackalloc byte[Xaes256Gcm.KeyLength];
        KeyWrapping.Unwrap(key, _masters[key.Master], secret);
        var rewrapped = KeyWrapping.Wrap(secret, key, next);
        CryptographicOperations.ZeroMemory(secret);
        return rewrapped;
    }

    /// <summary>Rarely: waits for the catalogue, where most who look for a key do not.</summary>
    private void LookAgain()
    {
        var last = Interlocked.Read(ref _refreshed);
        if (
            _time.GetElapsedTime(last) >= BetweenMisses
            && Interlocked.CompareExchange(ref _refreshed, _time.GetTimestamp(), last) == last
        )
        {
            RefreshAsync().GetAwaiter().GetResult();
        }
    }

    private async Task TakeOverAsync(CancellationToken cancellation)
    {
        // In this order: what is destroyed between the two is not there any more in the second.
        var destroyed = await _kept.DestroyedAsync(cancellation);
        var wrapped = await _kept.ListAsync(cancellation);
        foreach (var key in destroyed.Where(key => _destroyed.TryAdd(key.Id, key)))
        {
            Forget(key.Group);
        }

        foreach (
            var group in wrapped
                .Where(key => _masters.ContainsKey(key.Master))
                .GroupBy(static key => key.Group, StringComparer.Ordinal)
        )
        {
            var ids = group.FirstOrDefault(static key => key.Purpose == KeyPurpose.Ids);
            foreach (var data in group.Where(key => key.Purpose == KeyPurpose.Data && !_keys.ContainsKey(key.Id)))
            {
                _ = ids is null ? throw BlockstoreErrors.SpoiledKey(data.Id, data.Group) : Add(data, ids);
            }
        }
    }

    private void Forget(string group)
    {
        _newest.TryRemove(group, out _);
        foreach (var key in _keys.Values.Where(key => key.Group == group).ToList())
        {
            _keys.TryRemove(key.Id, out _);
            key.Forget();
        }
    }

    private SealingKey Add(WrappedKey data, WrappedKey ids)
    {
        Span<byte> secrets = stackalloc byte[2 * Xaes256Gcm.KeyLength];
        KeyWrapping.Unwrap(data, _masters[data.Master], secrets[..Xaes256Gcm.KeyLength]);
        KeyWrapping.Unwrap(ids, _masters[ids.Master], secrets[Xaes256Gcm.KeyLength..]);
        var key = new SealingKey(
            data.Id,
            data.Group,
            data.Generation,
            secrets[..Xaes256Gcm.KeyLength],
            secrets[Xaes256Gcm.KeyLength..]
        );
        CryptographicOperations.ZeroMemory(secrets);
        _keys[key.Id] = key;
        _newest.AddOrUpdate(key.Group, key, (_, was) => was.Generation > key.Generation ? was : key);
        return key;
    }

    private async Task<SealingKey> AddGenerationAsync(string group, bool onlyFirst, CancellationToken cancellation)
    {
        await _changing.WaitAsync(cancellation);
        try
        {
            await TakeOverAsync(cancellation);
            ThrowIfDestroyed(group);
            if (_newest.TryGetValue(group, out var newest) && onlyFirst)
            {
                return newest;
            }

            var kept = await _kept.ListAsync(cancellation);
            if (kept.FirstOrDefault(key => !_masters.ContainsKey(key.Master)) is { } other)
            {
                // Another process has rotated the master key: nothing is to be wrapped under the one of before.
                throw BlockstoreErrors.WrongMaster([other.Master], [.. _masters.Keys]);
            }

            var ids = kept.FirstOrDefault(key => key.Group == group && key.Purpose == KeyPurpose.Ids);
            var added = new List<WrappedKey>();
            if (ids is null)
            {
                ids = Make(group, KeyPurpose.Ids, 0);
                added.Add(ids);
            }

            var data = Make(group, KeyPurpose.Data, (newest?.Generation ?? 0) + 1);
            added.Add(data);
            try
            {
                await _kept.AddAsync(added, cancellation);
            }
            catch (BackupException)
            {
                // Another process may have been first: its key is as good.
                await TakeOverAsync(cancellation);
                if (_newest.TryGetValue(group, out var theirs) && theirs != newest)
                {
                    return theirs;
                }

                throw;
            }

            return Add(data, ids);
        }
        finally
        {
            _changing.Release();
        }
    }

    private WrappedKey Make(string group, KeyPurpose purpose, int generation)
    {
        Span<byte> secret = stackalloc byte[Xaes256Gcm.KeyLength];
        RandomNumberGenerator.Fill(secret);
        var made = KeyWrapping.Wrap(
            secret,
            new WrappedKey(group, KeyId.New(), purpose, generation, _time.GetUtcNow(), "", []),
            _master!
        );
        CryptographicOperations.ZeroMemory(secret);
        return made;
    }

    private bool IsDestroyed(string group) => _destroyed.Values.Any(key => key.Group == group);
}

/// <param name="Keys">That there are.</param>
/// <param name="Destroyed">That there are no more.</param>
public sealed record KeyList(IReadOnlyList<WrappedKey> Keys, IReadOnlyList<DestroyedKey> Destroyed);
