using System.Reflection;
using System.Xml.Linq;
using Backup.Tests.Support;

namespace Backup.Tests.House;

/// <summary>The rooms as they stand in the sources, and their assemblies as they were built.</summary>
internal static class Rooms
{
    /// <summary>
    /// Who may import whom: a room and the rooms that it may reference. The one place; ARCHITECTURE says the same in
    /// words. Nobody may reference an executable.
    /// </summary>
    public static readonly IReadOnlyDictionary<string, string[]> Arrows = new Dictionary<string, string[]>
    {
        ["Foundation"] = [],
        ["MongoWire"] = ["Foundation"],
        ["MongoQuery"] = ["Foundation", "MongoWire"],
        ["Blockstore"] = ["Foundation", "MongoWire"],
        ["Metadata"] = ["Foundation", "MongoWire"],
        ["Oplog"] = ["Foundation", "MongoWire"],
        ["Snapshots"] = ["Foundation", "MongoWire", "Oplog", "Blockstore"],
        ["Agent"] = ["Foundation", "MongoWire"],
        ["Daemon"] = ["Foundation", "MongoWire", "MongoQuery", "Oplog", "Snapshots", "Blockstore", "Metadata"],
        ["BackupHttpServer"] = ["Foundation", "MongoWire", "Snapshots", "Blockstore", "Metadata"],
        ["AlertService"] = ["Foundation", "Metadata"],
        ["WebUI"] = ["Foundation", "Metadata"],
        ["Sandbox"] = ["Foundation", "MongoWire", "MongoQuery"],
        ["Cli"] =
        [
            "Foundation",
            "MongoWire",
            "MongoQuery",
            "Blockstore",
            "Metadata",
            "Oplog",
            "Snapshots",
            "Daemon",
            "BackupHttpServer",
            "AlertService",
            "WebUI",
            "Sandbox",
        ],
    };

    /// <summary>Folders at the root that hold a project of the product.</summary>
    public static IReadOnlyList<string> All { get; } =
    [
        .. Directory
            .EnumerateDirectories(SourceTree.Root)
            .Select(folder => Path.GetFileName(folder))
            .Where(room => File.Exists(ProjectFile(room)))
            .Order(StringComparer.Ordinal),
    ];

    public static IReadOnlyList<Assembly> Assemblies { get; } =
    [
        .. All.Select(static room =>
            Assembly.LoadFrom(Path.Combine(AppContext.BaseDirectory, AssemblyName(room) + ".dll"))
        ),
    ];

    public static string ProjectFile(string room) => SourceTree.At(room, room + ".csproj");

    public static string AssemblyName(string room) =>
        XDocument.Load(ProjectFile(room)).Descendants("AssemblyName").FirstOrDefault()?.Value ?? "Backup." + room;

    /// <summary>The rooms that a project file references.</summary>
    public static IReadOnlyList<string> ReferencedProjects(string room) =>
        [
            .. XDocument
                .Load(ProjectFile(room))
                .Descendants("ProjectReference")
                .Select(static reference => Path.GetFileNameWithoutExtension(reference.Attribute("Include")!.Value)),
        ];

    /// <summary>The rooms whose types an assembly uses.</summary>
    public static IReadOnlyList<string> UsedRooms(string room)
    {
        var byAssembly = All.ToDictionary(AssemblyName, StringComparer.Ordinal);
        var assembly = Assemblies[All.ToList().IndexOf(room)];
        return
        [
            .. assembly
                .GetReferencedAssemblies()
                .Select(used => byAssembly.GetValueOrDefault(used.Name!))
                .OfType<string>(),
        ];
    }

    /// <summary>The C# files of a folder, without what the build makes.</summary>
    public static IEnumerable<string> SourceFiles(string folder) =>
        Directory
            .EnumerateFiles(SourceTree.At(folder), "*.cs", SearchOption.AllDirectories)
            .Where(static file =>
            {
                var parts = Path.GetRelativePath(SourceTree.Root, file).Split(Path.DirectorySeparatorChar);
                return !parts.Contains("bin") && !parts.Contains("obj");
            });
}
