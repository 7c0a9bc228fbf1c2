using Backup.Daemon.PointInTime;
using Backup.Foundation;
using Backup.Snapshots.Reading;

namespace Backup.Daemon.Restores;

/// <summary>One replica set at one moment, open to be read; dispose it afterwards.</summary>
/// <param name="reader">Its documents.</param>
/// <param name="optime">The last entry that is in it.</param>
/// <param name="undecided">Where transactions were prepared that may have been committed by then, and are not in it.</param>
/// <param name="parts">Disposed with it, in this order.</param>
internal sealed class OpenSource(
    SnapshotReader reader,
    Optime optime,
    IReadOnlyList<Optime> undecided,
    params IAsyncDisposable[] parts
) : IAsyncDisposable
{
    internal SnapshotReader Reader => reader;

    internal Optime Optime => optime;

    /// <summary>Whether it is a snapshot as it stands, without anything replayed over it: its sizes are exact.</summary>
    internal bool IsPlain => Array.TrueForAll(parts, static part => part is SliceHold);

    internal IReadOnlyList<Optime> Undecided => undecided;

    public async ValueTask DisposeAsync()
    {
        foreach (var part in parts)
        {
            await part.DisposeAsync();
        }
    }
}
