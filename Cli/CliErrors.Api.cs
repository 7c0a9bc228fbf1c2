using Backup.Foundation.Errors;

namespace Backup.Cli;

/// <content>9600 to 9639: the public API, as the commands ask it.</content>
public static partial class CliErrors
{
    public const int NotTheApi = 9600;
    public const int HomeMissing = 9601;
    public const int OtherHost = 9602;
    public const int ServerWrong = 9603;
    public const int TokenFileWrong = 9604;
    public const int CaFileWrong = 9605;
    public const int ServerSilent = 9606;
    public const int DownloadForm = 9607;

    /// <param name="status">Of HTTP.</param>
    public static BackupException NoApi(int status) =>
        new(
            NotTheApi,
            $"What answered is not the API of an appliance: status {status}, and not the JSON that it speaks.",
            "Look at the address: it is the one that 'backup up' prints, and no other server answers in its place."
        );

    /// <param name="caller">As the audit names it.</param>
    public static BackupException NoHomeGroup(string caller) =>
        new(
            HomeMissing,
            $"Nobody knows for which group '{caller}' works.",
            "Use an API token, which belongs to one group, or the command on the appliance's host."
        );

    public static BackupException OnThatHost(Uri server) =>
        new(
            OtherHost,
            $"This needs the host of the appliance at {server}: it writes or reads files there, or lets people in.",
            "Run it there. What is to be taken out of a backup from here: backup restore … --output FILE, or a download link (backup links create)."
        );

    /// <param name="what">As it was typed, or in words.</param>
    public static BackupException NotFromElsewhere(string what) =>
        new(
            DownloadForm,
            $"{what} cannot be written to a file here: the appliance is on another host, and sends one download.",
            "Run the command on the appliance's host; of a cluster take --merged, or a shard as CLUSTER/SHARD; or restore with --to or --push, which work from here."
        );

    /// <param name="what">Without a dot.</param>
    public static BackupException BadServer(string what) =>
        new(
            ServerWrong,
            $"{what}.",
            "Write --server https://HOST:PORT as 'backup up --http-address' prints it; http:// goes to this host alone, since everybody on the way would have the token."
        );

    public static BackupException BadTokenFile(string what) =>
        new(
            TokenFileWrong,
            what,
            "Make an API token (page People, tab API tokens), write it into a file that you alone may read, and name that with --token-file FILE or BACKUP_TOKEN_FILE."
        );

    public static BackupException BadCaFile(string file, string why) =>
        new(
            CaFileWrong,
            $"The certificates in '{file}' cannot be used: {why}.",
            "Take the certificate without its key: openssl x509 -in DATA/tls/ca.pem -out FILE on the appliance's host; name the copy with --ca-file FILE."
        );

    public static BackupException NoAnswerFrom(Uri server, HttpRequestException inner) =>
        new(
            ServerSilent,
            $"The appliance at {server} cannot be asked: {inner.Message}{(inner.InnerException is { } why ? $" {why.Message}" : "")}",
            inner.HttpRequestError == HttpRequestError.SecureConnectionError
                ? "Its certificate is not trusted here: name the authority of the appliance with --ca-file FILE, and the appliance by a name that its certificate has ('backup up --name')."
                : "Look whether it runs there and serves other hosts: backup up --http-address ADDRESS.",
            transient: true,
            inner: inner
        );
}
