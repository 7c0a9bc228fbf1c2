using System.Net;
using Backup.Foundation.Errors;
using Backup.MongoWire.Client;
using Backup.MongoWire.Uri;

namespace Backup.MongoWire;

public static partial class MongoWireErrors
{
    public const int WrongUri = 2100;
    public const int RefusedOption = 2101;
    public const int SrvFailed = 2102;
    public const int HostUnreachable = 2110;
    public const int TimedOut = 2111;
    public const int TlsFailed = 2112;
    public const int ConnectionLost = 2113;
    public const int WrongPassword = 2120;
    public const int MechanismUnavailable = 2121;
    public const int ServerNotGenuine = 2122;
    public const int NotAuthorised = 2123;
    public const int NoSuitableServer = 2130;
    public const int Standalone = 2131;
    public const int ServerTooOld = 2132;
    public const int SetNameMismatch = 2133;
    public const int ServerTooNew = 2134;
    public const int StalenessTooSmall = 2135;
    public const int CommandFailed = 2140;
    public const int CannotBind = 2150;

    /// <param name="what">Never a piece of the URI that could be part of a password.</param>
    public static BackupException BadUri(string what) =>
        new(
            WrongUri,
            $"The connection string is wrong: {what}.",
            "Write mongodb://user:password@host:27017,host2:27017/?replicaSet=name; in user and password write @ : / ? # [ ] % as %40 %3A %2F %3F %23 %5B %5D %25."
        );

    public static BackupException Refused(string option, string why) =>
        new(RefusedOption, $"{option} is not supported: {why}.", "Take it out of the connection string.");

    /// <param name="why">What the name service answered, or what is wrong with it.</param>
    /// <param name="transient">Whether the name service may answer better by itself.</param>
    public static BackupException Srv(string name, string why, bool transient = false, Exception? inner = null) =>
        new(
            SrvFailed,
            $"The members behind mongodb+srv://{name} could not be looked up: {why}.",
            "Check the name, and on this host the name servers in /etc/resolv.conf ('dig SRV _mongodb._tcp.NAME'); or list the members: mongodb://HOST1,HOST2/?replicaSet=NAME&tls=true&authSource=admin",
            transient: transient,
            inner: inner
        );

    public static BackupException Unreachable(HostAddress host, Exception inner) =>
        new(
            HostUnreachable,
            $"{host} cannot be reached: {inner.Message}",
            "Check that mongod runs there, that it listens on that address (net.bindIp) and that no firewall is between.",
            transient: true,
            inner: inner
        );

    public static BackupException Timeout(HostAddress host, string step, TimeSpan limit, Exception? inner = null) =>
        new(
            TimedOut,
            $"{host} did not answer within {limit.TotalSeconds:0.###} s ({step}).",
            "Check the load of that server and the network; raise connectTimeoutMS or socketTimeoutMS if it is only slow.",
            transient: true,
            inner: inner
        );

    public static BackupException Tls(HostAddress host, string step, string what, Exception? inner = null) =>
        new(
            TlsFailed,
            $"TLS with {host} failed ({step}): {what}",
            "Set tls=true only where the server has it; name its authority with tlsCAFile, a client certificate with tlsCertificateKeyFile, and connect by a name that its certificate carries.",
            inner: inner
        );

    public static BackupException Lost(HostAddress host, Exception? inner) =>
        new(
            ConnectionLost,
            $"The connection to {host} was lost: {inner?.Message ?? "closed"}",
            "It is opened again by itself; if it stays so, look into that server's log.",
            transient: true,
            inner: inner
        );

    public static BackupException NoMechanism(HostAddress host, string what) =>
        new(
            MechanismUnavailable,
            $"No way to log in to {host}: {what}.",
            "Use SCRAM-SHA-256, SCRAM-SHA-1, PLAIN or MONGODB-X509, one that the server's authenticationMechanisms and the user have."
        );

    public static BackupException NotGenuine(string what) =>
        new(
            ServerNotGenuine,
            $"The server could not prove that it knows the password: {what}.",
            "Somebody may be between this host and MongoDB: check where the connection goes before you try again."
        );

    public static BackupException NoServer(ReadTarget target, TimeSpan waited, TopologyDescription seen)
    {
        var answers = string.Join(
            "; ",
            seen.Servers.Values.Select(server =>
                server.Error is { } error ? $"{server.Address}: {error}" : $"{server.Address}: {server.Type}"
            )
        );
        return new(
            NoSuitableServer,
            $"No member fits '{target}' after {waited.TotalSeconds:0.###} s. {(answers.Length > 0 ? answers : "No host is left")}.",
            "Look at rs.status() on a member; check host names and ports, and that the names in rs.conf() can be resolved from here.",
            transient: true
        );
    }

    public static BackupException IsStandalone(HostAddress host) =>
        new(
            Standalone,
            $"{host} is a standalone server: without an oplog there is nothing to follow.",
            "Make it a replica set of one member: start mongod with --replSet rs0 (replication.replSetName), then run rs.initiate() once; data stays as it is."
        );

    public static BackupException TooOld(HostAddress host, int has, int needs) =>
        new(
            ServerTooOld,
            $"{host} speaks wire version {has}; at least {needs} is needed ({VersionOf(needs)}).",
            $"Upgrade that server to MongoDB {VersionOf(needs)} or later."
        );

    public static BackupException TooNew(HostAddress host, int asks, int speaks) =>
        new(
            ServerTooNew,
            $"{host} asks for wire version {asks} at least; {speaks} is the newest that is spoken here.",
            "Install a newer release of this product."
        );

    public static BackupException WrongStaleness(TimeSpan limit, TimeSpan least) =>
        new(
            StalenessTooSmall,
            $"A staleness of at most {limit.TotalSeconds:0.###} s cannot be told: {least.TotalSeconds:0.###} s is the least here, and a primary has none.",
            "Ask for a larger maxStalenessSeconds, or for none."
        );

    public static BackupException WrongSet(HostAddress host, string? has, string wanted) =>
        new(
            SetNameMismatch,
            $"{host} belongs to replica set '{has ?? "none"}', '{wanted}' was asked for.",
            "Correct replicaSet= in the connection string, or the host."
        );

    public static BackupException CannotListen(IPEndPoint endPoint, Exception inner) =>
        new(
            CannotBind,
            $"Cannot listen on {endPoint}: {inner.Message}",
            "Another process holds that port, or the address is not this host's: choose another port or stop that process.",
            inner: inner
        );

    /// <summary>The typed exception of a reply with ok 0.</summary>
    public static CommandException Command(
        HostAddress host,
        string command,
        int code,
        string codeName,
        string message,
        IReadOnlyList<string> labels
    ) =>
        code switch
        {
            ServerErrors.Unauthorized => LacksPrivilege(host, command, code, codeName, message, labels),
            ServerErrors.AuthenticationFailed => LoginRefused(host, command, code, codeName, message, labels),
            _ => Refused(
                CommandFailed,
                "See that server's log at this moment.",
                host,
                command,
                code,
                codeName,
                message,
                labels
            ),
        };

    private static CommandException LacksPrivilege(
        HostAddress host,
        string command,
        int code,
        string codeName,
        string message,
        IReadOnlyList<string> labels
    ) =>
        Refused(
            NotAuthorised,
            "Grant the user the built-in roles backup and clusterMonitor on admin (clusterManager too on a sharded cluster).",
            host,
            command,
            code,
            codeName,
            message,
            labels
        );

    private static CommandException LoginRefused(
        HostAddress host,
        string command,
        int code,
        string codeName,
        string message,
        IReadOnlyList<string> labels
    ) =>
        Refused(
            WrongPassword,
            // A certificate alone is presented with another command than a password.
            command == "authenticate"
                ? "Name a client certificate with tlsCertificateKeyFile whose subject, as RFC 2253 writes it, is a user of $external."
                : "Check user name, password and authSource (the database the user was created in).",
            host,
            command,
            code,
            codeName,
            message,
            labels
        );

    private static CommandException Refused(
        int number,
        string hint,
        HostAddress host,
        string command,
        int code,
        string codeName,
        string message,
        IReadOnlyList<string> labels
    ) =>
        new(
            number,
            $"{host} refused {command}: {message} (code {code} {codeName}).",
            hint,
            code,
            codeName,
            message,
            labels,
            ServerErrors.IsTransient(code)
        );

    private static string VersionOf(int wireVersion) =>
        wireVersion switch
        {
            <= 6 => "3.6",
            7 => "4.0",
            8 => "4.2",
            9 => "4.4",
            <= 13 => "5.0",
            <= 17 => "6.0",
            <= 21 => "7.0",
            _ => "8.0",
        };
}
