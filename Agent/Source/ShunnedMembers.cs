using Backup.MongoWire.Uri;

namespace Backup.Agent.Source;

/// <summary>Members that failed a moment ago: they are chosen again only where no other will do. Not thread-safe.</summary>
internal sealed class ShunnedMembers(TimeProvider time)
{
    private static readonly TimeSpan Memory = TimeSpan.FromMinutes(1);
    private readonly Dictionary<HostAddress, long> _failedAt = [];

    public void Add(HostAddress host) => _failedAt[host] = time.GetTimestamp();

    public IReadOnlySet<HostAddress> Now()
    {
        foreach (var (host, failedAt) in _failedAt.ToList())
        {
            if (time.GetElapsedTime(failedAt) > Memory)
            {
                _failedAt.Remove(host);
            }
        }

        return _failedAt.Keys.ToHashSet();
    }
}
