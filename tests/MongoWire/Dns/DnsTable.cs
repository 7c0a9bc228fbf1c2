using Backup.MongoWire.Dns;

namespace Backup.Tests.MongoWire.Dns;

/// <summary>A name service that answers from a table.</summary>
internal sealed class DnsTable : IDnsResolver
{
    private readonly ILookup<string, SrvRecord> _services;
    private readonly ILookup<string, string> _texts;

    /// <param name="services">Name, target, port.</param>
    /// <param name="texts">Name, text.</param>
    internal DnsTable(
        IEnumerable<(string Name, string Target, int Port)> services,
        IEnumerable<(string Name, string Text)> texts
    )
    {
        _services = services.ToLookup(
            record => record.Name,
            record => new SrvRecord(record.Target, record.Port),
            StringComparer.OrdinalIgnoreCase
        );
        _texts = texts.ToLookup(record => record.Name, record => record.Text, StringComparer.OrdinalIgnoreCase);
    }

    internal List<string> Asked { get; } = [];

    public Task<IReadOnlyList<SrvRecord>> LookUpSrvAsync(string name, CancellationToken cancellation)
    {
        Asked.Add(name);
        return Task.FromResult<IReadOnlyList<SrvRecord>>([.. _services[name]]);
    }

    public Task<IReadOnlyList<string>> LookUpTxtAsync(string name, CancellationToken cancellation)
    {
        Asked.Add(name);
        return Task.FromResult<IReadOnlyList<string>>([.. _texts[name]]);
    }
}
