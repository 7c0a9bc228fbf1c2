using Backup.MongoWire.Uri;

namespace Backup.MongoWire.Dns;

/// <summary>
/// Makes an ordinary connection string of a mongodb+srv:// one: seeds from SRV records, default options from a TXT record. Source: the
/// driver specification "initial DNS seedlist discovery".
/// </summary>
internal static class SeedlistDiscovery
{
    private static readonly HashSet<string> AllowedInTxt = new(StringComparer.Ordinal)
    {
        "authSource",
        "replicaSet",
        "loadBalanced",
    };

    /// <exception cref="Foundation.Errors.BackupException">2100 options that do not go together or are not allowed in TXT; 2102 no usable records.</exception>
    internal static async Task<ConnectionString> ResolveAsync(
        ConnectionString unresolved,
        IDnsResolver dns,
        CancellationToken cancellation
    )
    {
        var name = unresolved.Hosts[0].Host;
        var service = $"_{unresolved.Options.SrvServiceName}._tcp.{name}";
        var records = await dns.LookUpSrvAsync(service, cancellation);
        if (records.Count == 0)
        {
            throw MongoWireErrors.Srv(name, $"{service} has no SRV record");
        }

        var seeds = records.Select(record => Seed(name, record)).Distinct().ToArray();
        var warnings = new List<string>(unresolved.Warnings);
        var options = Merged(unresolved.Options, await DefaultsAsync(name, dns, warnings, cancellation));
        OptionConflicts.CheckWithHosts(options, seeds.Length, isSrv: true);
        var (user, password) = unresolved.Login;
        return new ConnectionString
        {
            IsSrv = true,
            IsResolved = true,
            Hosts = Limited(seeds, options.SrvMaxHosts),
            Database = unresolved.Database,
            Credential = CredentialRules.Build(user, password, unresolved.Database, options),
            Options = options,
            Warnings = warnings,
            Login = unresolved.Login,
            Redacted = unresolved.Redacted,
        };
    }

    /// <summary>
    /// A name may point only to hosts of its own domain, so that who can forge one record cannot lead the password elsewhere. Of a name of
    /// three labels or more the first is the host; shorter ones are the domain as a whole.
    /// </summary>
    private static HostAddress Seed(string name, SrvRecord record)
    {
        var target = record.Target.TrimEnd('.').ToLowerInvariant();
        var domain = name.Count(character => character == '.') >= 2 ? name[(name.IndexOf('.') + 1)..] : name;
        if (!target.EndsWith($".{domain}", StringComparison.Ordinal) || target.Length <= domain.Length + 1)
        {
            throw MongoWireErrors.Srv(name, $"its record points to '{target}', which is not in {domain}");
        }

        return record.Port is >= 1 and <= 65535
            ? new HostAddress(target, record.Port)
            : throw MongoWireErrors.Srv(name, $"its record for {target} has port {record.Port}");
    }

    private static async Task<UriOptions> DefaultsAsync(
        string name,
        IDnsResolver dns,
        List<string> warnings,
        CancellationToken cancellation
    )
    {
        var texts = await dns.LookUpTxtAsync(name, cancellation);
        if (texts.Count > 1)
        {
            throw MongoWireErrors.Srv(name, $"it has {texts.Count} TXT records, where one is allowed");
        }

        if (texts.Count == 0)
        {
            return UriOptions.None;
        }

        foreach (var pair in texts[0].Split('&', StringSplitOptions.RemoveEmptyEntries))
        {
            var option = UriText.Decode(pair.Split('=')[0]);
            var known = OptionTable.Find(option)?.Name ?? option;
            if (!AllowedInTxt.Contains(known))
            {
                throw MongoWireErrors.BadUri(
                    $"the TXT record of {name} holds the option '{known}'; authSource, replicaSet and loadBalanced are allowed there"
                );
            }
        }

        return OptionParser.Parse(texts[0], warnings);
    }

    /// <summary>The URI's own options win; TLS is on unless the URI says otherwise.</summary>
    private static UriOptions Merged(UriOptions own, UriOptions defaults)
    {
        var values = new Dictionary<string, object>(defaults.Values, StringComparer.Ordinal);
        foreach (var (name, value) in own.Values)
        {
            values[name] = value;
        }

        values.TryAdd("tls", true);
        return new UriOptions(values);
    }

    private static HostAddress[] Limited(HostAddress[] seeds, int most)
    {
        if (most == 0 || most >= seeds.Length)
        {
            return seeds;
        }

        Random.Shared.Shuffle(seeds);
        return seeds[..most];
    }
}
