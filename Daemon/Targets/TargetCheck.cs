using Backup.Foundation.Errors;
using Backup.MongoWire.Bson;
using Backup.Snapshots.Exports;

namespace Backup.Daemon.Targets;

/// <summary>Holds what a collection of the target has against what was restored into it: the number of documents, then every byte of them.</summary>
/// <param name="target">The target.</param>
/// <param name="commands">Of it.</param>
internal sealed class TargetCheck(RestoreTarget target, TargetCommands commands)
{
    /// <summary>A print as the check will want it.</summary>
    internal ContentPrint NewPrint(ExportItem item) => new(isOrdered: !target.IsCluster && IsPlain(item));

    /// <summary>
    /// Compares. To be called before the collection gets indexes, since one may be made to remove old documents. The documents of a capped collection are
    /// compared only where there are as many: a newer server may hold less of the same bytes.
    /// </summary>
    /// <param name="item">What was restored.</param>
    /// <param name="print">Of all its documents.</param>
    /// <param name="hashes">Whether their bytes are compared too.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <exception cref="BackupException">9032 another number, 9154 other bytes; 9031 of the target.</exception>
    internal async Task CompareAsync(ExportItem item, ContentPrint print, bool hashes, CancellationToken cancellation)
    {
        var found = await commands.CountAsync(item.Database, item.DataName!, cancellation);
        if (found != print.Documents)
        {
            if (IsCapped(item))
            {
                return;
            }

            throw DaemonErrors.WrongCount(item.Namespace, print.Documents, found);
        }

        if (!hashes || found == 0)
        {
            return;
        }

        var theirs =
            (print.IsOrdered ? await HashedByServerAsync(item, cancellation) : null)
            ?? await ReadBackAsync(item, print.IsOrdered, cancellation);
        if (theirs != print.Text)
        {
            throw DaemonErrors.WrongHash(item.Namespace);
        }
    }

    private static bool IsCapped(ExportItem item) =>
        item.Options.View.TryGet("capped"u8, out var capped) && capped.ToBoolean();

    /// <summary>Documents come in order of their <c>_id</c>s, and the server's index has the same order.</summary>
    internal static bool IsPlain(ExportItem item) => !IsCapped(item) && !item.Options.View.Has("collation"u8);

    /// <summary>Null where this server does not say it, or not to this user.</summary>
    private async Task<string?> HashedByServerAsync(ExportItem item, CancellationToken cancellation)
    {
        try
        {
            var reply = await commands.RunAsync(
                $"hashing '{item.Namespace}'",
                item.Database,
                w => w.Int32("dbHash"u8, 1).BeginArray("collections"u8).String("0"u8, item.DataName!).EndArray(),
                cancellation
            );
            return
                reply.View.TryGet("collections"u8, out var all)
                && all.AsDocument.TryGet(System.Text.Encoding.UTF8.GetBytes(item.DataName!), out var hash)
                && hash.Type == BsonType.String
                ? hash.AsString
                : null;
        }
        catch (BackupException refused) when (!refused.IsTransient)
        {
            return null;
        }
    }

    private async Task<string> ReadBackAsync(ExportItem item, bool isOrdered, CancellationToken cancellation)
    {
        using var print = new ContentPrint(isOrdered);
        await foreach (
            var one in commands.QueryAsync(
                item.Database,
                w =>
                {
                    w.String("find"u8, item.DataName!);
                    if (isOrdered)
                    {
                        w.BeginDocument("sort"u8).Int32("_id"u8, 1).EndDocument();
                    }
                },
                cancellation
            )
        )
        {
            print.Add(one.Span);
        }

        return print.Text;
    }
}
