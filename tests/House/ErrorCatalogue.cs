using System.Globalization;
using System.Net;
using System.Reflection;
using Backup.Foundation.Errors;

namespace Backup.Tests.House;

/// <summary>A numbered error: a constant of a room's <c>&lt;Room&gt;Errors</c>, and one text that it comes with.</summary>
internal sealed record ErrorEntry(string Room, string Name, int Number, string Message, string Hint, bool IsTransient)
{
    /// <summary>As a row of docs/errors.md.</summary>
    public string Row =>
        $"| BK{Number:0000} | {Name} | {Cell(Message)} | {Cell(Hint)} | {(IsTransient ? "yes" : "")} |";

    private static string Cell(string text) =>
        text.ReplaceLineEndings(" ")
            .Replace("|", "\\|", StringComparison.Ordinal)
            .Replace("<", "&lt;", StringComparison.Ordinal);
}

/// <summary>
/// Reads all numbered errors off the assemblies. The messages are those of the factory methods, called with arguments
/// that can be told apart in the text, which then shows the parameter's name in their place.
/// </summary>
internal static class ErrorCatalogue
{
    /// <summary>First and last number of each room. BackupException says the same.</summary>
    public static readonly IReadOnlyDictionary<string, (int First, int Last)> Ranges = new Dictionary<
        string,
        (int, int)
    >
    {
        ["Foundation"] = (1000, 1999),
        ["MongoWire"] = (2000, 2499),
        ["Sandbox"] = (2500, 2599),
        ["MongoQuery"] = (2600, 2699),
        ["Oplog"] = (3000, 3999),
        ["Snapshots"] = (4000, 4999),
        ["Blockstore"] = (5000, 5999),
        ["Metadata"] = (6000, 6999),
        ["Agent"] = (7000, 7999),
        ["BackupHttpServer"] = (8000, 8499),
        ["WebUI"] = (8500, 8799),
        ["AlertService"] = (8800, 8999),
        ["Daemon"] = (9000, 9499),
        ["Cli"] = (9500, 9999),
    };

    /// <summary>Who says the errors of a room, and where its log is: stands above its table.</summary>
    public static readonly IReadOnlyDictionary<string, string> SaidBy = new Dictionary<string, string>
    {
        ["Foundation"] = "Any part says these, about files, keys and what is given to it.",
        ["MongoWire"] =
            "Whoever talks with MongoDB says these: the agent with the source, the appliance with the target of a restore.",
        ["Sandbox"] = "The sandbox says these: the MongoDB-compatible servers in memory that a first try protects.",
        ["MongoQuery"] =
            "The read-only MongoDB of `backup serve`, and the sandbox, say these to the client that asked.",
        ["Oplog"] = "The head of a replica set says these, where it follows the oplog; so do restores of a moment.",
        ["Snapshots"] = "Whoever reads or writes snapshots says these: heads, restores, verifications.",
        ["Blockstore"] = "The store of blocks and slices says these; the appliance's log has them.",
        ["Metadata"] = "The catalogue of the appliance says these; the appliance's log has them.",
        ["Agent"] = "The agent says these: `journalctl -u backup-agent` on its host, or `backup agents logs`.",
        ["BackupHttpServer"] =
            "The server that agents and download links talk to says these; the log of the agent has them too.",
        ["WebUI"] = "The web interface and the public API say these, to browsers, programs and commands.",
        ["AlertService"] = "Alerts and what tells people of them say these: `backup alerts list`, mails, webhooks.",
        ["Daemon"] =
            "What keeps heads, takes snapshots and restores says these: `backup jobs show`, the appliance's log.",
        ["Cli"] = "The command `backup` says these, or the appliance when it starts: `journalctl -u backup-appliance`.",
    };

    /// <summary>Every constant, in the order of the numbers.</summary>
    public static IReadOnlyList<(string Room, string Name, int Number)> Numbers { get; } =
    [
        .. from type in ErrorTypes()
        from field in type.GetFields(BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Static)
        where field.IsLiteral && field.FieldType == typeof(int)
        let number = (int)field.GetRawConstantValue()!
        orderby number
        select (RoomOf(type), field.Name, number),
    ];

    /// <summary>Every text of every number, in the order of the numbers; a number without a factory has an empty one.</summary>
    public static IReadOnlyList<ErrorEntry> Entries()
    {
        var made = ErrorTypes().SelectMany(Factories).ToLookup(static error => error.Number);
        return
        [
            .. from constant in Numbers
            from error in made[constant.Number].DefaultIfEmpty()
            select new ErrorEntry(
                constant.Room,
                constant.Name,
                constant.Number,
                error.Message ?? "",
                error.Hint ?? "",
                error.IsTransient
            ),
        ];
    }

    private static IEnumerable<Type> ErrorTypes() =>
        from assembly in Rooms.Assemblies
        from type in assembly.GetTypes()
        where type.IsAbstract && type.IsSealed && type.Name == RoomOf(type) + "Errors"
        select type;

    private static string RoomOf(Type type) => type.Namespace!.Split('.') is [_, var room, ..] ? room : "";

    private static IEnumerable<(int Number, string Message, string Hint, bool IsTransient)> Factories(Type type)
    {
        var methods = type.GetMethods(BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Static)
            .Where(static method => method.ReturnType.IsAssignableTo(typeof(BackupException)))
            .Where(Callable)
            .OrderBy(static method => method.MetadataToken);
        foreach (var method in methods)
        {
            var parameters = method.GetParameters();
            var arguments = parameters.Select(Sample).ToArray();
            var error = (BackupException)method.Invoke(null, arguments)!;
            yield return (
                error.Number,
                Named(error.Message, parameters, arguments),
                Named(error.Hint, parameters, arguments),
                error.IsTransient
            );
        }
    }

    /// <summary>A value that stands out in a text.</summary>
    private static object? Sample(ParameterInfo parameter, int position)
    {
        var type = Nullable.GetUnderlyingType(parameter.ParameterType) ?? parameter.ParameterType;
        var number = 7_000_001 + position;
        var name = $"<{parameter.Name}>";
        return Type.GetTypeCode(type) switch
        {
            _ when type.IsEnum => Activator.CreateInstance(type),
            TypeCode.String => name,
            TypeCode.Int32 or TypeCode.UInt32 or TypeCode.Int64 or TypeCode.UInt64 or TypeCode.Double =>
                Convert.ChangeType(number, type, CultureInfo.InvariantCulture),
            TypeCode.Object when type == typeof(TimeSpan) => TimeSpan.FromSeconds(number),
            TypeCode.Object when type == typeof(Guid) => Guid.Empty,
            TypeCode.Object when type == typeof(Uri) => new Uri("https://example.com/"),
            TypeCode.Object when type == typeof(IPEndPoint) => new IPEndPoint(IPAddress.Loopback, 65_535),
            TypeCode.Object when type == typeof(BackupException) => new BackupException(9999, name, "<its hint>"),
            TypeCode.Object when type.IsAssignableTo(typeof(Exception)) => Activator.CreateInstance(type, name),
            TypeCode.Object when type.IsAssignableFrom(typeof(string[])) => new[] { name },
            _ => Constructed(type, position),
        };
    }

    /// <summary>Made by its longest constructor from samples; as it is by default where that does not work.</summary>
    private static object? Constructed(Type type, int position)
    {
        var constructor = type.Namespace!.StartsWith("Backup.", StringComparison.Ordinal)
            ? type.GetConstructors().Where(static one => Callable(one)).MaxBy(static one => one.GetParameters().Length)
            : null;
        try
        {
            return constructor is { } found && found.GetParameters().Length > 0
                ? found.Invoke([
                    .. found.GetParameters().Select(part => Sample(part, (10 * (position + 1)) + part.Position)),
                ])
                : Fallback(type);
        }
        catch (Exception failure) when (failure is TargetInvocationException or ArgumentException)
        {
            return Fallback(type);
        }
    }

    /// <summary>Spans cannot be passed by reflection.</summary>
    private static bool Callable(MethodBase method) =>
        method.GetParameters().All(static part => !part.ParameterType.IsByRefLike);

    private static object? Fallback(Type type)
    {
        if (type.IsInterface || type.GetConstructor(Type.EmptyTypes) is null)
        {
            return type.IsValueType ? Activator.CreateInstance(type) : null;
        }

        var made = Activator.CreateInstance(type)!;
        foreach (var property in type.GetProperties().Where(static property => property.CanWrite))
        {
            if (property.PropertyType.Name == typeof(IReadOnlyDictionary<,>).Name)
            {
                var arguments = property.PropertyType.GetGenericArguments();
                property.SetValue(made, Activator.CreateInstance(typeof(Dictionary<,>).MakeGenericType(arguments)));
            }
        }

        return made;
    }

    /// <summary>Puts the parameters' names where their sample values stand.</summary>
    private static string Named(string text, ParameterInfo[] parameters, object?[] arguments)
    {
        for (var i = 0; i < parameters.Length; i++)
        {
            var sample = arguments[i] is string or Exception or string[] ? null : arguments[i]?.ToString();
            sample = arguments[i] is TimeSpan time ? $"{time.TotalSeconds}" : sample;
            if (sample is { Length: > 2 })
            {
                text = text.Replace(sample, $"<{parameters[i].Name}>", StringComparison.Ordinal);
            }
        }

        return text;
    }
}
