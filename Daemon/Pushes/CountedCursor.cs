using Backup.Snapshots.Exports;
using Backup.Snapshots.Reading;

namespace Backup.Daemon.Pushes;

/// <summary>Counts the documents of a namespace each time it is read from its beginning: what is sent again counts once.</summary>
internal sealed class CountedCursor(DocumentCursor documents, string ns, Dictionary<string, long> counts)
    : DocumentCursor
{
    private long _count;

    public override ReadOnlyMemory<byte> Current => documents.Current;

    internal static ExportContent Count(ExportContent content, Dictionary<string, long> counts) =>
        content with
        {
            Items =
            [
                .. content.Items.Select(item =>
                    item.DataName is null
                        ? item
                        : item with
                        {
                            Open = () => new CountedCursor(item.Open(), item.Namespace, counts),
                        }
                ),
            ],
        };

    public override async ValueTask<bool> MoveNextAsync(CancellationToken cancellation = default)
    {
        if (!await documents.MoveNextAsync(cancellation))
        {
            counts[ns] = _count;
            return false;
        }

        _count++;
        return true;
    }

    public override ValueTask DisposeAsync() => documents.DisposeAsync();
}
