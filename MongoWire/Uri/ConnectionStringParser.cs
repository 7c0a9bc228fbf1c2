namespace Backup.MongoWire.Uri;

/// <summary>Takes a connection string apart. Source: the driver specification "connection string".</summary>
internal static class ConnectionStringParser
{
    private const string Plain = "mongodb://";
    private const string Srv = "mongodb+srv://";

    internal static ConnectionString Parse(string text)
    {
        var isSrv = text.StartsWith(Srv, StringComparison.Ordinal);
        if (!isSrv && !text.StartsWith(Plain, StringComparison.Ordinal))
        {
            throw MongoWireErrors.BadUri("it starts with neither mongodb:// nor mongodb+srv://");
        }

        var scheme = isSrv ? Srv : Plain;
        var (authority, path, query) = Split(text[scheme.Length..]);
        var at = authority.LastIndexOf('@');
        var (user, password) = at < 0 ? (null, null) : ParseUser(authority[..at]);
        var hosts = authority[(at + 1)..].Split(',').Select(HostParser.Parse).ToList();
        if (isSrv)
        {
            CheckSrvHost(hosts, authority[(at + 1)..]);
        }

        var warnings = new List<string>();
        var options = OptionParser.Parse(query, warnings);
        OptionConflicts.CheckWithHosts(options, hosts.Count, isSrv);
        var database = ParseDatabase(path);
        return new ConnectionString
        {
            IsSrv = isSrv,
            IsResolved = !isSrv,
            Login = (user, password),
            Hosts = hosts,
            Database = database,
            Credential = CredentialRules.Build(user, password, database, options),
            Options = options,
            Warnings = warnings,
            Redacted = Redact(scheme, authority, at, path, query),
        };
    }

    private static (string Authority, string Path, string Query) Split(string rest)
    {
        var end = rest.AsSpan().IndexOfAny('/', '?');
        if (end < 0)
        {
            return (rest, "", "");
        }

        var authority = rest[..end];
        var question = rest.IndexOf('?', end);
        var path = rest[end] == '?' ? "" : rest[(end + 1)..(question < 0 ? rest.Length : question)];
        return (authority, path, question < 0 ? "" : rest[(question + 1)..]);
    }

    private static (string User, string? Password) ParseUser(string text)
    {
        if (text.Contains('@'))
        {
            throw MongoWireErrors.BadUri("user or password holds an @ that is not written %40");
        }

        var colon = text.IndexOf(':');
        if (colon >= 0 && text.IndexOf(':', colon + 1) >= 0)
        {
            throw MongoWireErrors.BadUri("user or password holds a : that is not written %3A");
        }

        var user = UriText.Decode(colon < 0 ? text : text[..colon]);
        return user.Length == 0
            ? throw MongoWireErrors.BadUri("before the @ stands no user name")
            : (user, colon < 0 ? null : UriText.Decode(text[(colon + 1)..]));
    }

    private static string? ParseDatabase(string path)
    {
        var decoded = UriText.Decode(path);
        if (path.Contains('/') || decoded.AsSpan().IndexOfAny("/\\ \"$\0") >= 0)
        {
            throw MongoWireErrors.BadUri("the database's name holds a character that it cannot have");
        }

        return decoded.Length == 0 ? null : decoded;
    }

    private static void CheckSrvHost(List<HostAddress> hosts, string text)
    {
        if (hosts.Count != 1 || text.Contains(':') || hosts[0].Kind != HostKind.Name)
        {
            throw MongoWireErrors.BadUri("mongodb+srv:// takes one host name without a port");
        }
    }

    private static string Redact(string scheme, string authority, int at, string path, string query)
    {
        var colon = at < 0 ? -1 : authority.IndexOf(':', 0, at);
        var shown = colon < 0 ? authority : $"{authority[..colon]}:***{authority[at..]}";
        var pairs = query
            .Split('&', StringSplitOptions.RemoveEmptyEntries)
            .Select(pair =>
            {
                var name = pair[..pair.IndexOf('=')];
                return OptionTable.IsSecret(UriText.Decode(name)) ? $"{name}=***" : pair;
            });
        var options = string.Join('&', pairs);
        return $"{scheme}{shown}/{path}{(options.Length > 0 ? "?" : "")}{options}";
    }
}
