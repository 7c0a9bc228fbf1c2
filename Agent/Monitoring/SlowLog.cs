using Backup.Agent.Hosts;
using Backup.MongoWire.Bson;

namespace Backup.Agent.Monitoring;

/// <summary>
/// Counts what servers log as slow, from one look to the next, by the times that the servers themselves write. A server keeps 1,024 lines: of one that logs more
/// between two looks it is the least that it can be.
/// </summary>
internal sealed class SlowLog
{
    private readonly Dictionary<string, DateTimeOffset> _through = new(StringComparer.Ordinal);

    /// <param name="host">host:port.</param>
    /// <param name="reply">The answer to <c>getLog</c>.</param>
    /// <returns>How many since the look before; null at the first one.</returns>
    public long? Count(string host, BsonView reply)
    {
        var (before, newest, count) = (_through.GetValueOrDefault(host), DateTimeOffset.MinValue, 0L);
        foreach (var item in reply["log"u8].AsDocument)
        {
            if (item.Type != BsonType.String || item.AsString is not { } line || LogLine.At(line) is not { } at)
            {
                continue;
            }

            newest = at > newest ? at : newest;
            count += at > before && LogLine.IsSlow(line) ? 1 : 0;
        }

        var isKnown = _through.ContainsKey(host);
        // A server whose clock was set back begins anew.
        _through[host] = newest;
        return isKnown ? count : null;
    }
}
