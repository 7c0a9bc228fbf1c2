using Backup.Blockstore;
using Backup.Blockstore.Grooming;
using Backup.Blockstore.Shared;

namespace Backup.Tests.Blockstore.Shared;

/// <summary>Blocks that refer to nothing.</summary>
internal sealed class Roots(IReadOnlyList<BlockId> ids) : IBlockRoots
{
    internal Func<Task>? OnList { get; init; }

    public async Task<IReadOnlyList<BlockRoot>> ListAsync(CancellationToken cancellation = default)
    {
        await (OnList?.Invoke() ?? Task.CompletedTask);
        return [.. ids.Select((id, n) => new BlockRoot(id, $"root {n}"))];
    }

    public Task TraceAsync(BlockId root, IBlockMarks marks, CancellationToken cancellation = default)
    {
        if (root == default)
        {
            throw BlockstoreErrors.NoBlock(root);
        }

        marks.Keep(root);
        return Task.CompletedTask;
    }
}

/// <summary>Remembers who is to be refused.</summary>
internal sealed class Fence : IPublicationFence
{
    internal HashSet<Guid> Revoked { get; } = [];

    public Task RevokeAsync(IReadOnlyCollection<Guid> sessions, CancellationToken cancellation)
    {
        Revoked.UnionWith(sessions);
        return Task.CompletedTask;
    }
}
