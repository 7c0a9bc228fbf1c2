using Backup.MongoWire.Uri;

namespace Backup.Cli.Web;

/// <summary>The target of a restore, as somebody may name it who is not on the appliance's host.</summary>
internal static class ForeignTarget
{
    /// <summary>Options of a URI that name files.</summary>
    private static readonly string[] Files = ["tlsCAFile", "tlsCertificateKeyFile"];

    /// <exception cref="Foundation.Errors.BackupException">9725; and 2100 where it is no URI.</exception>
    internal static void Require(string uri)
    {
        var target = ConnectionString.Parse(uri);
        var sockets = target.Hosts.Where(static one => one.Kind == HostKind.UnixSocket).Select(static one => one.Host);
        var named = sockets.FirstOrDefault() ?? Array.Find(Files, target.Options.Values.ContainsKey);
        if (named is not null)
        {
            throw CliErrors.TargetOfThisHost(named);
        }
    }
}
